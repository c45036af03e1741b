"""What the maps of CRAFT are trained with: weighted regression with hard negatives chosen within each picture."""

import torch
from torch import Tensor
from torch.nn import functional

POSITIVE_TARGET = 0.1
NEGATIVES_PER_POSITIVE = 3
NEGATIVES_WITHOUT_POSITIVES = 500


def bernoulli_divergence(logits: Tensor, targets: Tensor) -> Tensor:
    """Kullback-Leibler divergence of predicted from wanted probabilities, element by element.

    CRAFT regresses its maps by squared error. For targets in [0, 1] this divergence has the same minimum, the
    expected target, but its gradient does not die where a confident prediction is wrong, so a network from scratch
    learns in far fewer steps. Against plain cross-entropy it subtracts the target's entropy: a pixel predicted
    perfectly costs nothing, and hard negatives are the wrong ones, not those on a soft edge.

    Args:
        logits: any shape.
        targets: the same shape, in [0, 1].

    Returns:
        The same shape, nats, never below about -1e-6.
    """
    entropy = -(torch.xlogy(targets, targets) + torch.xlogy(1 - targets, 1 - targets))
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none") - entropy


def hard_negative_mean(losses: Tensor, targets: Tensor, weights: Tensor, least_negatives: int = 0) -> Tensor:
    """Mean loss of one picture's positives plus mean loss of its worst negatives.

    Args:
        losses: (H, W) float, of one map of one picture.
        targets: (H, W) in [0, 1]; above 0.1 is positive.
        weights: (H, W) confidence in the target; pixels with weight 0 take no part.
        least_negatives: taken at least, however few positives there are.

    Returns:
        Scalar; 0 where nothing takes part. The worst negatives are three for each positive, at most all there are,
        and 500 where there are no positives.

    Source:
        METHODS section 12.2, the per-picture form with its FIX (never more than there are); section 13.3 for the
        floor.
    """
    counted = weights > 0
    weighted = losses * weights
    positives = weighted[counted & (targets > POSITIVE_TARGET)]
    negatives = weighted[counted & (targets <= POSITIVE_TARGET)]
    total = weighted.sum() * 0.0  # keeps the graph where nothing takes part
    wanted = NEGATIVES_WITHOUT_POSITIVES
    if positives.numel():
        total = total + positives.mean()
        wanted = max(NEGATIVES_PER_POSITIVE * positives.numel(), least_negatives)
    if negatives.numel():
        total = total + negatives.topk(min(wanted, negatives.numel()), sorted=False).values.mean()
    return total


def craft_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Loss of the region and the affinity map, averaged over pictures.

    Args:
        logits: (B, 2, H, W) float.
        targets: (B, 2, H, W) in [0, 1].
        weights: (B, H, W) confidence in the targets, shared by both maps.

    Returns:
        Scalar; 0 for an empty batch.
    """
    losses = bernoulli_divergence(logits, targets)
    terms = [
        hard_negative_mean(losses[index, channel], targets[index, channel], weights[index])
        for index in range(losses.shape[0])
        for channel in range(losses.shape[1])
    ]
    return torch.stack(terms).sum() / losses.shape[0] if terms else logits.sum() * 0.0
