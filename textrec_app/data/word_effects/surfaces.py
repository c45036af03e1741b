"""What lies behind words: plain boards, photographs and textures, lit unevenly."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from textrec_app.data.word_effects.dice import Dice

BANK_HW = (480, 720)
PHOTO_SHARE = 0.14
TEXTURE_SHARE = 0.24
NOISE_SHARE = 0.38
BORDER_SHARE = 0.14


class PhotoBank:
    """Pictures without text on the training device, from which patches are gathered.

    Attributes:
        pixels: (N * H * W, 3) uint8.
    """

    def __init__(self, pictures: Sequence[np.ndarray], device: torch.device) -> None:
        """Bring (H, W, 3) uint8 pictures to one size and keep them on the device."""
        height, width = BANK_HW
        sized = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in pictures]
        self.count = len(sized)
        self.pixels = torch.from_numpy(np.stack(sized).reshape(-1, 3)).to(device)

    def cut(self, count: int, size_hw: tuple[int, int], dice: Dice) -> Tensor:
        """Cut patches seen from random distances, mirrored at random: (count, 3, H, W) float32."""
        height, width = BANK_HW
        H, W = size_hw
        limit = min((height - 1) / H, (width - 1) / W)
        zoom = (0.4 + 2.2 * dice.uniform(count, 1, 1) ** 2).clamp(max=limit)
        top = dice.uniform(count, 1, 1) * (height - 1 - zoom * (H - 1))
        left = dice.uniform(count, 1, 1) * (width - 1 - zoom * (W - 1))
        y = torch.arange(H, device=dice.device).view(1, H, 1)
        x = torch.arange(W, device=dice.device).view(1, 1, W)
        x = torch.where(dice.uniform(count, 1, 1) < 0.5, x, W - 1 - x)
        rows, columns = (top + zoom * y).long(), (left + zoom * x).long()
        picture = dice.integers(count, 1, 1, high=self.count) * (height * width)
        return self.pixels[picture + rows * width + columns].permute(0, 3, 1, 2).float()


def draw_noise(dice: Dice, count: int, size_hw: tuple[int, int], grain_px: float) -> Tensor:
    """Smooth noise with spots of about `grain_px`: (count, 1, H, W), mean 0, deviation about 0.7 to 1."""
    H, W = size_hw
    small = (max(2, round(H / grain_px) + 1), max(2, round(W / grain_px) + 1))
    coarse = dice.normal(count, 1, *small)
    if grain_px <= 1:
        return coarse[..., :H, :W]
    return torch.nn.functional.interpolate(coarse, (H, W), mode="bilinear", align_corners=True)


def paint_surfaces(colors: Tensor, size_hw: tuple[int, int], bank: PhotoBank, dice: Dice) -> Tensor:
    """Paint what words lie on: (B, 3, H, W) float32 around 0..255.

    Args:
        colors: (B, 3) of the boards.
        size_hw: of the crops.
        bank: photographs and textures.
        dice: source of randomness.
    """
    B, H, W = len(colors), *size_hw
    surfaces = colors[:, :, None, None].expand(B, 3, H, W).clone()
    parts = dice.split(B, [PHOTO_SHARE, TEXTURE_SHARE, 1 - PHOTO_SHARE - TEXTURE_SHARE])
    if len(parts[0]):
        patches = bank.cut(len(parts[0]), size_hw, dice)
        mean = patches.mean((2, 3), keepdim=True)
        calm = (30.0 / patches.std((1, 2, 3), keepdim=True).clamp(min=1)).clamp(max=1)
        tint = dice.uniform(len(patches), 1, 1, 1)
        surfaces[parts[0]] = surfaces[parts[0]] * tint + mean * (1 - tint) + (patches - mean) * calm
    if len(parts[1]):
        patches = bank.cut(len(parts[1]), size_hw, dice)
        relief = patches - patches.mean((2, 3), keepdim=True)
        surfaces[parts[1]] += relief * dice.uniform(len(patches), 1, 1, 1, low=0.05, high=0.4)
    for grain_px in (dice.number(2, 6), dice.number(6, 14), dice.number(14, 40)):
        rows = dice.rows(B, NOISE_SHARE)
        strength = dice.uniform(len(rows), 1, 1, 1) ** 2 * 16
        surfaces[rows] += draw_noise(dice, len(rows), size_hw, grain_px) * strength
    return _add_borders(surfaces, dice)


def draw_ramps(dice: Dice, count: int, size_hw: tuple[int, int]) -> Tensor:
    """Planes that rise from -1 to 1 in random directions: (count, 1, H, W)."""
    H, W = size_hw
    y = torch.linspace(-1, 1, H, device=dice.device).view(1, 1, H, 1)
    x = torch.linspace(-1, 1, W, device=dice.device).view(1, 1, 1, W)
    angle = dice.uniform(count, 1, 1, 1, high=2 * torch.pi)
    return x * angle.cos() + y * angle.sin()


def _add_borders(surfaces: Tensor, dice: Dice) -> Tensor:
    """Let some boards end within the crop: another colour beyond one or two slanted edges."""
    B, _, H, W = surfaces.shape
    for _ in range(2):
        rows = dice.rows(B, BORDER_SHARE)
        if not len(rows):
            continue
        k = len(rows)
        y = torch.arange(H, device=dice.device).view(1, 1, H, 1)
        x = torch.arange(W, device=dice.device).view(1, 1, 1, W)
        slant = dice.normal(k, 1, 1, 1, std=0.03)
        inset = dice.uniform(k, 1, 1, 1) ** 2 * 0.16 * H
        lies_along = dice.uniform(k, 1, 1, 1) < 0.7
        distance = torch.where(lies_along, y + slant * (x - W / 2), x + slant * (y - H / 2))
        far = torch.where(lies_along, float(H - 1), float(W - 1))
        distance = torch.where(dice.uniform(k, 1, 1, 1) < 0.5, distance, far - distance)
        beyond = (inset - distance).clamp(0, 1)
        is_line = dice.uniform(k, 1, 1, 1) < 0.35
        beyond = torch.where(is_line, beyond * (distance - inset + 2.5).clamp(0, 1), beyond)
        color = (surfaces[rows].mean((2, 3), keepdim=True) + dice.normal(k, 3, 1, 1, std=55.0)).clamp(0, 255)
        surfaces[rows] = surfaces[rows] * (1 - beyond) + color * beyond
    return surfaces
