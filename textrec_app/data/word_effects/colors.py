"""Colours for batches of words."""

import torch
from torch import Tensor

from textrec_app.data.word_effects.color_pairs import list_color_pairs
from textrec_app.data.word_effects.dice import Dice

LUMA = (0.299, 0.587, 0.114)
LEAST_CONTRAST = 28.0
MEASURED_SHARE = 0.8
SWAPPED_SHARE = 0.15


def draw_colors(dice: Dice, count: int) -> Tensor:
    """Draw colours as signs have them, from grey over muted to vivid: (count, 3) float32 in 0..255."""
    hue = dice.uniform(count, 1, high=6.0)
    ramp = ((hue + torch.tensor([0.0, 4.0, 2.0], device=dice.device)) % 6 - 3).abs().sub(1).clamp(0, 1)
    saturation = dice.uniform(count, 1) ** 2.8
    value = 255 * (0.5 - 0.5 * (dice.uniform(count, 1) * torch.pi).cos())
    return value * (1 - saturation + saturation * ramp)


def draw_color_pairs(dice: Dice, count: int) -> tuple[Tensor, Tensor]:
    """Draw text and background colours that can be told apart: two of (count, 3) float32 in 0..255."""
    measured = list_color_pairs(dice.device)
    pairs = measured[dice.integers(count, high=len(measured))]
    swapped = dice.rows(count, SWAPPED_SHARE)
    pairs[swapped] = pairs[swapped].flip(1)
    pairs = pairs + dice.normal(count, 2, 3, std=7.0) + dice.normal(count, 1, 1, std=10.0)
    invented = dice.rows(count, 1 - MEASURED_SHARE)
    pairs[invented] = draw_colors(dice, 2 * len(invented)).view(-1, 2, 3)
    pairs = pairs.clamp(0, 255)
    ink, behind = pairs[:, 0], pairs[:, 1]
    return part_colors(ink, behind), behind


def part_colors(ink: Tensor, behind: Tensor) -> Tensor:
    """Move ink colours away from what lies behind until they differ: (B, 3)."""
    weights = torch.tensor(LUMA, device=ink.device)
    luma, base = (ink * weights).sum(1), (behind * weights).sum(1)
    differs = ((luma - base).abs() >= LEAST_CONTRAST) | ((ink - behind).abs().amax(1) >= 3 * LEAST_CONTRAST)
    direction = torch.where(base < 128, 1.0, -1.0)
    moved = (ink + ((base - luma) + direction * 2 * LEAST_CONTRAST)[:, None]).clamp(0, 255)
    return torch.where(differs[:, None], ink, moved)


def contrast_colors(dice: Dice, colors: Tensor) -> Tensor:
    """Draw a second colour beside each: white, black or another, told apart from the first: (B, 3)."""
    count = len(colors)
    other = draw_colors(dice, count)
    chance = dice.uniform(count, 1)
    other = torch.where(chance < 0.35, 245.0 - 20 * dice.uniform(count, 1), other)
    other = torch.where((chance >= 0.35) & (chance < 0.65), 30.0 * dice.uniform(count, 1), other)
    return part_colors(other.expand(count, 3), colors)
