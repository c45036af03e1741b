"""How letters look: weight, outline, extrusion, gradient, wear, shadow, relief, glow."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d, pad

from textrec_app.data.word_effects.colors import contrast_colors
from textrec_app.data.word_effects.dice import Dice
from textrec_app.data.word_effects.surfaces import PhotoBank, draw_noise, draw_ramps

OVERSAMPLING = 2
BOLD_SHARE = 0.4
OUTLINE_SHARE = 0.1
HOLLOW_SHARE = 0.08
EXTRUSION_SHARE = 0.09
GRADIENT_SHARE = 0.14
TEXTURE_SHARE = 0.06
WEAR_SHARE = 0.04
FAINT_SHARE = 0.1
SHADOW_SHARE = 0.2
GLOW_SHARE = 0.04
RELIEF_SHARE = 0.06
MASK_COVERAGE = 0.04


@dataclass(frozen=True, slots=True)
class Lettering:
    """Letters ready to lay on a surface.

    Attributes:
        face: (B, 1, H, W) coverage of the letters, 0 to 1.
        around: (B, 1, H, W) coverage of outlines and extrusion, which belong to the glyphs.
        face_colors: (B, 3, H, W).
        around_colors: (B, 3).
    """

    face: Tensor
    around: Tensor
    face_colors: Tensor
    around_colors: Tensor

    def coverage(self) -> Tensor:
        """How much of each pixel the glyphs cover: (B, 1, H, W), 0 to 1."""
        return torch.maximum(self.face, self.around)

    def mask(self) -> Tensor:
        """Every pixel with more than a trace of ink: (B, 1, H, W) uint8, 0 or 1."""
        return (self.coverage() > MASK_COVERAGE).to(torch.uint8)


def shape_letters(large: Tensor, colors: Tensor, bank: PhotoBank, dice: Dice) -> Lettering:
    """Choose how letters look.

    Args:
        large: (B, 1, 2H, 2W) coverage in 0 to 1.
        colors: (B, 3) of the letters.
        bank: textures that may fill letters.
        dice: source of randomness.
    """
    B = len(large)
    rows = dice.rows(B, BOLD_SHARE)
    large[rows] = _grow(large[rows], dice.whole(1, 2), 1)
    face = avg_pool2d(large, OVERSAMPLING)
    around, around_colors = torch.zeros_like(face), contrast_colors(dice, colors)
    parts = dice.split(B, [OUTLINE_SHARE / 2, OUTLINE_SHARE / 2, EXTRUSION_SHARE, 1 - OUTLINE_SHARE - EXTRUSION_SHARE])
    for rows, breadth in zip(parts[:2], (dice.whole(1, 2), dice.whole(3, 5)), strict=True):
        around[rows] = avg_pool2d(_grow(large[rows], breadth, breadth), OVERSAMPLING)
        hollow = rows[: round(len(rows) * HOLLOW_SHARE)]
        face[hollow] = (around[hollow] - face[hollow]).clamp(0, 1)
    around[parts[2]], side = _extrude(large[parts[2]], dice)
    darker = colors[parts[2]] * dice.uniform(len(parts[2]), 1, low=0.2, high=0.8)
    around_colors[parts[2]] = torch.where(side < 0.6, darker, around_colors[parts[2]])
    rows = dice.rows(B, WEAR_SHARE)
    face[rows] *= (1.5 + draw_noise(dice, len(rows), _size(face), dice.number(1.5, 5))).clamp(0.15, 1)
    rows = dice.rows(B, FAINT_SHARE)
    face[rows] *= dice.uniform(len(rows), 1, 1, 1, low=0.65, high=0.95)
    return Lettering(face, around, _paint(colors, _size(face), bank, dice), around_colors)


def lay_letters(surfaces: Tensor, letters: Lettering, dice: Dice) -> Tensor:
    """Lay letters on surfaces with a shadow, a glow or relief now and then: (B, 3, H, W), changes `surfaces`."""
    B = len(surfaces)
    covered = torch.maximum(letters.face, letters.around)
    parts = dice.split(B, [SHADOW_SHARE / 2, SHADOW_SHARE / 2, GLOW_SHARE, 1 - SHADOW_SHARE - GLOW_SHARE])
    for rows, reach in zip(parts[:2], (1, 3), strict=True):
        shadow = _shift(covered[rows], dice.whole(-reach, reach), dice.whole(0, reach))
        shadow = _soften(shadow, dice.whole(0, 2)) * dice.uniform(len(rows), 1, 1, 1, low=0.3, high=0.9)
        tone = torch.where(dice.uniform(len(rows), 1, 1, 1) < 0.85, 8.0, 240.0)
        surfaces[rows] = surfaces[rows] * (1 - shadow) + tone * shadow
    rows = parts[2]
    halo = _soften(_grow(covered[rows], 1, 1), 3) * 0.6
    surfaces[rows] = surfaces[rows] * (1 - halo) + letters.face_colors[rows] * halo
    surfaces = surfaces + letters.around * (letters.around_colors[:, :, None, None] - surfaces)
    surfaces = surfaces + letters.face * (letters.face_colors - surfaces)
    rows = dice.rows(B, RELIEF_SHARE)
    relief = _shift(covered[rows], 1, 1) - _shift(covered[rows], -1, -1)
    strength = dice.signs(len(rows), 1, 1, 1) * dice.uniform(len(rows), 1, 1, 1, low=25, high=80)
    surfaces[rows] += relief * strength
    return surfaces


def _paint(colors: Tensor, size_hw: tuple[int, int], bank: PhotoBank, dice: Dice) -> Tensor:
    """Fill letters with a colour, a gradient or a texture."""
    B = len(colors)
    painted = colors[:, :, None, None].expand(-1, -1, *size_hw).clone()
    rows = dice.rows(B, GRADIENT_SHARE)
    painted[rows] += draw_ramps(dice, len(rows), size_hw) * dice.normal(len(rows), 3, 1, 1, std=28.0)
    rows = dice.rows(B, TEXTURE_SHARE)
    if len(rows):
        patches = bank.cut(len(rows), size_hw, dice)
        painted[rows] += 0.35 * (patches - patches.mean((2, 3), keepdim=True))
    return painted.clamp(0, 255)


def _size(images: Tensor) -> tuple[int, int]:
    return images.shape[-2], images.shape[-1]


def _grow(ink: Tensor, reach_y: int, reach_x: int) -> Tensor:
    if not len(ink):
        return ink
    wide = max_pool2d(ink, (1, 2 * reach_x + 1), 1, (0, reach_x))
    return max_pool2d(wide, (2 * reach_y + 1, 1), 1, (reach_y, 0))


def _extrude(large: Tensor, dice: Dice) -> tuple[Tensor, Tensor]:
    """Drag ink along one direction; also a number in 0..1 for each row."""
    step_x, depth = dice.whole(-1, 1), dice.whole(2, 6)
    step_y = 1 if step_x == 0 or dice.number(0, 1) < 0.7 else 0
    around = large
    for distance in range(1, depth + 1):
        around = torch.maximum(around, _shift(large, step_x * distance, step_y * distance))
    side = dice.uniform(len(large), 1)
    return (avg_pool2d(around, OVERSAMPLING) if len(around) else around[..., ::2, ::2]), side


def _shift(images: Tensor, dx_px: int, dy_px: int) -> Tensor:
    """Move images by whole pixels; what comes in is zero."""
    H, W = _size(images)
    widened = pad(images, (max(dx_px, 0), max(-dx_px, 0), max(dy_px, 0), max(-dy_px, 0)))
    top, left = max(-dy_px, 0), max(-dx_px, 0)
    return widened[..., top : top + H, left : left + W]


def _soften(images: Tensor, times: int) -> Tensor:
    """Blur by repeated means of 3 x 3 pixels."""
    for _ in range(times if len(images) else 0):
        images = avg_pool2d(images, 3, 1, 1, count_include_pad=False)
    return images
