"""What else gets into a crop: fragments of other words beside, above and below, wires, poles and leaves."""

import torch
from torch import Tensor

from textrec_app.data.word_effects.colors import draw_colors
from textrec_app.data.word_effects.dice import Dice
from textrec_app.data.word_effects.geometry import View

# Direction of a neighbour, x and y, and the share of words that have one there.
SIDES = ((0, -1, 0.14), (0, 1, 0.14), (-1, 0, 0.09), (1, 0, 0.09))
WIRE_SHARE = 0.04
PATCH_SHARE = 0.03


def add_neighbours(surfaces: Tensor, inks: Tensor, view: View, colors: Tensor, dice: Dice) -> Tensor:
    """Write other words of the batch above, below, left and right, in the same hand and plane.

    Args:
        surfaces: (B, 3, H, W), changed.
        inks: (B, 1, h, w) coverage of all words in their canvases.
        view: how each is seen.
        colors: (B, 3) of the words.
        dice: source of randomness.
    """
    B = len(surfaces)
    for side_x, side_y, share in SIDES:
        rows = dice.rows(B, share)
        if not len(rows):
            continue
        others = dice.permutation(B)[: len(rows)]
        gap = dice.uniform(len(rows), low=0.1, high=0.6)
        slide = dice.uniform(len(rows), low=-0.6, high=0.6) * view.aspects[rows]
        reach_x = view.aspects[rows] + view.aspects[others] + 0.35 + gap
        moves = torch.stack([side_x * reach_x + abs(side_y) * slide, side_y * (2 + gap)], -1)
        cover = view.take(rows, others).sample(inks[others], moves=moves)
        tone = colors[rows][:, :, None, None]
        surfaces[rows] += cover * (tone - surfaces[rows])
    return surfaces


def add_obstacles(images: Tensor, dice: Dice) -> Tensor:
    """Draw wires and poles across some words and small patches over others: (B, 3, H, W), changed."""
    B, _, H, W = images.shape
    y = torch.arange(H, device=dice.device).view(1, 1, H, 1)
    x = torch.arange(W, device=dice.device).view(1, 1, 1, W)
    rows = dice.rows(B, WIRE_SHARE)
    k = len(rows)
    angle = dice.uniform(k, 1, 1, 1, high=torch.pi)
    across = (x - dice.uniform(k, 1, 1, 1) * W) * angle.sin() - (y - dice.uniform(k, 1, 1, 1) * H) * angle.cos()
    cover = (dice.uniform(k, 1, 1, 1, low=0.6, high=2.0) + 0.5 - across.abs()).clamp(0, 1)
    images[rows] += cover * (draw_colors(dice, k)[:, :, None, None] - images[rows])
    rows = dice.rows(B, PATCH_SHARE)
    k = len(rows)
    radius_x, radius_y = dice.uniform(k, 1, 1, 1, low=2, high=6), dice.uniform(k, 1, 1, 1, low=3, high=12)
    distance_x = (x - dice.uniform(k, 1, 1, 1) * W) / radius_x
    distance_y = (y - dice.uniform(k, 1, 1, 1) * H) / radius_y
    cover = (1.3 - torch.hypot(distance_x, distance_y)).clamp(0, 0.3) / 0.3
    images[rows] += cover * (draw_colors(dice, k)[:, :, None, None] - images[rows])
    return images
