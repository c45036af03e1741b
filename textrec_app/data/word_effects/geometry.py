"""How a line of ink is seen: bent along a circle, turned, sheared, in perspective, cropped with margins.

Coordinates of the view have the text's height as 2 units: a straight text covers -aspect..aspect and -1..1.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textrec_app.data.synthesis.ink_batches import InkBatch
from textrec_app.data.word_effects.dice import Dice

STRAIGHT_RAD = 1e-3
OUTLINE_POINTS = 9
DEPTH_MIN = 0.2


@dataclass(frozen=True, slots=True)
class View:
    """Maps between canvas pixels and crop pixels for B words.

    Attributes:
        extents: (B, 4) of the text in its canvas, pixels.
        aspects: (B,) width by height of the straight text.
        radii: (B,) of the circle, signed; 0 where the line is straight.
        matrices: (B, 3, 3) from bent view to seen view.
        bent: (k,) int64 rows that may have a radius; all others are straight.
        frames: (B, 4) left, top, right, bottom of the crop in the seen view.
        size_hw: of the crop.
    """

    extents: Tensor
    aspects: Tensor
    radii: Tensor
    matrices: Tensor
    bent: Tensor
    frames: Tensor
    size_hw: tuple[int, int]

    def to_crop(self, points: Tensor) -> Tensor:
        """Map (B, n, 2) canvas pixels to crop pixels (centres at whole numbers)."""
        left, top, right, bottom = self.extents[:, None].unbind(-1)
        x = ((points[..., 0] - left) / (right - left).clamp(min=1) * 2 - 1) * self.aspects[:, None]
        y = (points[..., 1] - top) / (bottom - top).clamp(min=1) * 2 - 1
        seen = _project(self.matrices, _bend(torch.stack([x, y], -1), self.radii))
        low, high = self.frames[:, None, :2], self.frames[:, None, 2:]
        height, width = self.size_hw
        return (seen - low) / (high - low) * seen.new_tensor([width, height]) - 0.5

    def sample(self, images: Tensor, oversampling: int = 1, moves: Tensor | None = None) -> Tensor:
        """Look at canvases through the view.

        Args:
            images: (B, C, h, w) float.
            oversampling: the result is this many times larger in both directions.
            moves: (B, 2) shift of the text in the view, x and y; None is none.

        Returns:
            (B, C, H, W) float; 0 outside the canvas.
        """
        height, width = (side * oversampling for side in self.size_hw)
        x, y = self._list_view_points(height, width)
        if moves is not None:
            x, y = x - moves[:, 0, None, None], y - moves[:, 1, None, None]
        left, top, right, bottom = self.extents[:, :, None, None].unbind(1)
        rows, columns = images.shape[-2:]
        # Canvas pixel = middle + coordinate * half, and the grid counts a canvas as -1..1 between outer edges.
        scale_x = (right - left) / self.aspects[:, None, None] / columns
        scale_y = (bottom - top) / rows
        grid = torch.empty(len(images), height, width, 2, device=images.device)
        torch.addcmul((left + right + 1) / columns - 1, x, scale_x, out=grid[..., 0])
        torch.addcmul((top + bottom + 1) / rows - 1, y, scale_y, out=grid[..., 1])
        return torch.nn.functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    def take(self, rows: Tensor, others: Tensor | None = None) -> "View":
        """The view of some rows, looking at the canvases of `others` if given."""
        source = rows if others is None else others
        return View(
            self.extents[source],
            self.aspects[source],
            self.radii[rows],
            self.matrices[rows],
            torch.arange(len(rows), device=rows.device),
            self.frames[rows],
            self.size_hw,
        )

    def _list_view_points(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Where each crop pixel lies in the straight view: x and y, each (B, height, width)."""
        device = self.frames.device
        left, top, right, bottom = self.frames[:, :, None, None].unbind(1)
        x = left + (right - left) * ((torch.arange(width, device=device) + 0.5) / width)  # (B, 1, width)
        y = top + (bottom - top) * ((torch.arange(height, device=device) + 0.5) / height)[:, None]
        inverse = torch.linalg.inv(self.matrices)[:, :, :, None, None]
        column, row, depth = (
            inverse[:, axis, 0] * x + (inverse[:, axis, 1] * y + inverse[:, axis, 2]) for axis in range(3)
        )
        depth = depth.clamp_(min=DEPTH_MIN)
        column, row = column.div_(depth), row.div_(depth)
        if len(self.bent):
            points = torch.stack([column[self.bent], row[self.bent]], -1).flatten(1, 2)
            straight = _straighten(points, self.radii[self.bent]).view(-1, height, width, 2)
            column[self.bent], row[self.bent] = straight.unbind(-1)
        return column, row


def choose_view(batch: InkBatch, size_hw: tuple[int, int], dice: Dice) -> View:
    """Choose shear, perspective and margins; bend and rotation come with the words.

    Args:
        batch: B words.
        size_hw: of the crops.
        dice: source of randomness.
    """
    limit = 1.2 * np.minimum(1.0, batch.aspects)
    bends = np.clip(batch.bends_rad, -limit, limit)
    is_bent = np.abs(bends) > STRAIGHT_RAD
    radii_host = np.where(is_bent, 2 * batch.aspects / np.where(is_bent, bends, 1.0), 0.0).astype(np.float32)
    arrays = (batch.extents, batch.aspects, radii_host, batch.turns_rad, np.flatnonzero(is_bent))
    extents, aspects, radii, turns, bent = (torch.from_numpy(array).to(dice.device) for array in arrays)
    matrices = _choose_matrices(aspects, turns, dice)
    frames = _frame(aspects, radii, matrices, dice)
    return View(extents, aspects, radii, matrices, bent, frames, size_hw)


def _choose_matrices(aspects: Tensor, turns: Tensor, dice: Dice) -> Tensor:
    B = len(aspects)
    is_seen_askew = (dice.uniform(B) < 0.5).float()
    shear = dice.normal(B, std=0.13) * is_seen_askew
    tilt_x = dice.uniform(B, low=-0.3, high=0.3) * is_seen_askew / aspects.clamp(min=1)
    tilt_y = dice.uniform(B, low=-0.2, high=0.2) * is_seen_askew
    cosine, sine, zero, one = turns.cos(), turns.sin(), torch.zeros_like(turns), torch.ones_like(turns)
    affine = torch.stack([cosine, shear - sine, zero, sine, cosine, zero, zero, zero, one], -1).view(B, 3, 3)
    tilt = torch.stack([one, zero, zero, zero, one, zero, tilt_x, tilt_y, one], -1).view(B, 3, 3)
    return tilt @ affine


def _frame(aspects: Tensor, radii: Tensor, matrices: Tensor, dice: Dice) -> Tensor:
    """Enclose the seen text and add margins: tight as a rule, wide or cutting at times."""
    B = len(aspects)
    steps = torch.linspace(-1, 1, OUTLINE_POINTS, device=aspects.device)
    x = torch.cat([steps, steps]) * aspects[:, None]
    y = torch.cat([-torch.ones_like(steps), torch.ones_like(steps)]).expand(B, -1)
    seen = _project(matrices, _bend(torch.stack([x, y], -1), radii))
    low, high = seen.amin(1), seen.amax(1)
    height = (high - low)[:, 1:]
    margins = (dice.uniform(B, 4) ** 1.8 * 0.38 - 0.012) * height
    wide = (dice.uniform(B, 1) < 0.12).float()
    margins = margins * (1 + wide * dice.uniform(B, 4, high=1.5))
    return torch.cat([low - margins[:, :2], high + margins[:, 2:]], -1)


def _bend(points: Tensor, radii: Tensor) -> Tensor:
    """Lay straight points (B, n, 2) along circles; a radius of 0 leaves them."""
    radius = torch.where(radii == 0, 1.0, radii)[:, None]
    angle, distance = points[..., 0] / radius, radius - points[..., 1]
    bent = torch.stack([distance * angle.sin(), radius - distance * angle.cos()], -1)
    return torch.where((radii == 0)[:, None, None], points, bent)


def _straighten(points: Tensor, radii: Tensor) -> Tensor:
    """Undo `_bend`."""
    radius = torch.where(radii == 0, 1.0, radii)[:, None]
    sign = radius.sign()
    x, y = points[..., 0] * sign, (radius - points[..., 1]) * sign
    straight = torch.stack([radius * torch.atan2(x, y), radius - sign * torch.hypot(x, y)], -1)
    return torch.where((radii == 0)[:, None, None], points, straight)


def _project(matrices: Tensor, points: Tensor) -> Tensor:
    """Map (B, n, 2) through (B, 3, 3)."""
    mapped = points @ matrices[:, :, :2].transpose(1, 2) + matrices[:, None, :, 2]
    return mapped[..., :2] / mapped[..., 2:].clamp(min=DEPTH_MIN)
