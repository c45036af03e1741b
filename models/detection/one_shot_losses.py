"""What the one-shot detector is trained with (METHODS section 13.3).

Centres: divergence with hard negatives within each picture. Quads, offsets, directions and the way to the word: at
sampled cells of every instance.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.detection.losses import NEGATIVES_WITHOUT_POSITIVES, bernoulli_divergence, hard_negative_mean
from models.detection.one_shot import CENTRE, COLUMN_QUAD, DIRECTION, OFFSET, ORIENTATION, ROW_QUAD, VECTOR
from models.detection.one_shot_units import to_pixels, to_units

SLANT_COSINE = 0.5
"""A quad along rows is learnt where the reading direction is within 60 degrees of a row; columns likewise."""

IOU_WEIGHT = 1.0
OFFSET_WEIGHT = 0.2
ORIENTATION_WEIGHT = 0.3
DIRECTION_WEIGHT = 0.2
VECTOR_WEIGHT = 0.3


class HeadSamples(NamedTuple):
    """`textrec_app.data.one_shot_targets.InstanceSamples` of a batch, one after the other, as tensors.

    Attributes:
        pictures: (n,) int64, the picture of each.
        cells: (n, 2) int64, column and row.
        quads: (n, 4, 2) float32, pixels, from the text's top-left, relative to the reference point.
        offsets: (n, 2) float32, cells.
        directions: (n,) float32, radians.
        knows_direction: (n,) bool.
        vectors: (n, 2) float32, pixels.
        weights: (n,) float32.
    """

    pictures: Tensor
    cells: Tensor
    quads: Tensor
    offsets: Tensor
    directions: Tensor
    knows_direction: Tensor
    vectors: Tensor
    weights: Tensor


class HeadTargets(NamedTuple):
    """Targets of one head: centre (B, H, W) in [0, 1], weights (B, H, W), and samples."""

    centre: Tensor
    weights: Tensor
    samples: HeadSamples


def head_losses(maps: Tensor, targets: HeadTargets) -> dict[str, Tensor]:
    """Weighted terms of one head; their sum is its loss.

    Args:
        maps: (B, C, H, W) float32, channels as in `OneShotMaps`; with the way to the word or without.

    Returns:
        Scalars "centre", "quad", "iou", "offset", "orientation", "direction", and "vector" where it is said. A term
        is 0 where there is no sample.
    """
    said, samples = (
        maps[targets.samples.pictures, :, targets.samples.cells[:, 1], targets.samples.cells[:, 0]],
        targets.samples,
    )
    total = samples.weights.sum().clamp(min=1e-6)
    shares = samples.weights / total
    quad, iou = quad_losses(said, samples)
    terms = {
        "centre": centre_loss(maps[:, CENTRE], targets.centre, targets.weights),
        "quad": (quad * shares).sum(),
        "iou": IOU_WEIGHT * (iou * shares).sum(),
        "offset": OFFSET_WEIGHT * ((said[:, OFFSET] - samples.offsets).abs().sum(dim=1) * shares).sum(),
    }
    orientation, direction = direction_losses(said, samples)
    terms["orientation"] = ORIENTATION_WEIGHT * (orientation * shares).sum()
    terms["direction"] = DIRECTION_WEIGHT * (direction * shares).sum()
    if maps.shape[1] >= VECTOR.stop:
        far = (said[:, VECTOR] - to_units(samples.vectors)).abs().sum(dim=1)
        terms["vector"] = VECTOR_WEIGHT * (far * shares).sum()
    return terms


def centre_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Divergence of centre maps (B, H, W), hard negatives chosen within each picture, averaged over pictures."""
    losses = bernoulli_divergence(logits, targets)
    terms = [
        hard_negative_mean(*parts, least_negatives=NEGATIVES_WITHOUT_POSITIVES)
        for parts in zip(losses, targets, weights, strict=True)
    ]
    return torch.stack(terms).mean() if terms else logits.sum() * 0.0


def quad_losses(said: Tensor, samples: HeadSamples) -> tuple[Tensor, Tensor]:
    """L1 of the corners in logarithmic units and 1 - IoU, for each sample.

    The quad along rows is compared where the text runs within 60 degrees of a row, with its corners in the order in
    which the first side leads to the right; that along columns likewise, the first side leading down. Where both
    take part, the mean counts.

    Args:
        said: (n, C) float32.

    Returns:
        Two (n,) tensors.
    """
    cosine, sine = samples.directions.cos(), samples.directions.sin()
    l1, iou = torch.zeros_like(cosine), torch.zeros_like(cosine)
    counts = torch.zeros_like(cosine)
    for channels, lead in ((ROW_QUAD, cosine), (COLUMN_QUAD, sine)):
        takes_part = (lead.abs() >= SLANT_COSINE).to(said.dtype)
        wanted = torch.where((lead < 0)[:, None, None], samples.quads.roll(2, dims=1), samples.quads)
        units = said[:, channels].reshape(-1, 4, 2)
        l1 = l1 + takes_part * (units - to_units(wanted)).abs().mean(dim=(1, 2))
        iou = iou + takes_part * (1 - framed_iou(to_pixels(units), wanted))
        counts = counts + takes_part
    return l1 / counts.clamp(min=1), iou / counts.clamp(min=1)


def framed_iou(said: Tensor, wanted: Tensor) -> Tensor:
    """IoU of the rectangles around quads, along and across the reading direction of the wanted one.

    Args:
        said: (n, 4, 2), relative to a point inside the wanted quad.
        wanted: (n, 4, 2), relative to the same point.

    Returns:
        (n,) in [0, 1]. For upright rectangles it is the IoU of METHODS section 13.1 (l, t, r, b).
    """
    along = wanted[:, 1] - wanted[:, 0] + wanted[:, 2] - wanted[:, 3]
    along = functional.normalize(along, dim=1)
    down = torch.stack([-along[:, 1], along[:, 0]], dim=1)

    def extents(quads: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        u, v = (quads * along[:, None]).sum(-1), (quads * down[:, None]).sum(-1)
        left, right = (u[:, 0] + u[:, 3]) / 2, (u[:, 1] + u[:, 2]) / 2
        return left, right, (v[:, 0] + v[:, 1]) / 2, (v[:, 2] + v[:, 3]) / 2

    left, right, top, bottom = extents(said)
    left_w, right_w, top_w, bottom_w = extents(wanted)
    wide = (torch.minimum(right, right_w) - torch.maximum(left, left_w)).clamp(min=0)
    high = (torch.minimum(bottom, bottom_w) - torch.maximum(top, top_w)).clamp(min=0)
    shared = wide * high
    area = (right - left).clamp(min=0) * (bottom - top).clamp(min=0)
    union = area + (right_w - left_w) * (bottom_w - top_w) - shared
    return shared / union.clamp(min=1e-6)


def direction_losses(said: Tensor, samples: HeadSamples) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the four directions and L1 of cosine and sine, for each sample; two (n,) tensors.

    A direction holds where the text runs within 60 degrees of it, so slanted text has two. Where it is not known
    which way a text runs, either of two opposite directions may hold, and nothing is asked but that the other two do
    not.
    """
    cosine, sine = samples.directions.cos(), samples.directions.sin()
    leads = torch.stack([cosine, sine, -cosine, -sine], dim=1)
    holds = (leads >= SLANT_COSINE).to(said.dtype)
    may_hold = (leads.abs() >= SLANT_COSINE).to(said.dtype)
    asked = torch.where(samples.knows_direction[:, None], torch.ones_like(holds), 1 - may_hold)
    entropy = functional.binary_cross_entropy_with_logits(said[:, ORIENTATION], holds, reduction="none")
    fine = (said[:, DIRECTION] - torch.stack([cosine, sine], dim=1)).abs().sum(dim=1)
    return (entropy * asked).sum(dim=1), fine * samples.knows_direction
