"""What light, lens, sensor and file do to a batch of crops."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, interpolate, pad

from textrec_app.data.word_effects.dice import Dice
from textrec_app.data.word_effects.jpeg import lose_by_jpeg
from textrec_app.data.word_effects.surfaces import draw_noise, draw_ramps

GAUSS_SHARE = 0.27
DEFOCUS_SHARE = 0.06
MOTION_SHARE = 0.06
KERNEL_PX = 7
CONTRAST_SHARE = 0.4
# Heights at which crops are taken, as parts of their final height, and how many are: full, and three steps below.
RESOLUTIONS = ((1.0, 1.0, 0.56), (0.6, 0.9, 0.22), (0.4, 0.6, 0.16), (0.28, 0.4, 0.06))
NOISE_SHARE = 0.6
JPEG_SHARE = 0.6
SHARPENED_SHARE = 0.3
DAMAGE_SHARE = 0.08


def photograph(images: Tensor, dice: Dice) -> Tensor:
    """Take pictures of (B, 3, H, W) float scenes in 0..255: light, lens, few pixels, noise, JPEG."""
    images = _light(images, dice).clamp(0, 255)
    images = _raise_contrast(_blur(images, dice), dice)
    results = torch.empty_like(images)
    H, W = images.shape[-2:]
    for rows, (low, high, _) in zip(dice.split(len(images), [r[2] for r in RESOLUTIONS]), RESOLUTIONS, strict=True):
        if not len(rows):
            continue
        scale = dice.number(low, high)
        small = images[rows]
        if scale < 1:
            small = adaptive_avg_pool2d(small, (max(4, round(H * scale)), max(4, round(W * scale))))
        small = _record(small, dice)
        if scale < 1:
            method = "bicubic" if dice.number(0, 1) < 0.65 else "bilinear"
            small = interpolate(small, (H, W), mode=method, align_corners=False)
        results[rows] = small
    return _damage(results.clamp(0, 255), dice)


def _light(images: Tensor, dice: Dice) -> Tensor:
    """Change exposure, tint and haze, and light one side more than the other."""
    B = len(images)
    size = (images.shape[-2], images.shape[-1])
    rows = dice.rows(B, 0.5)
    gain = dice.normal(len(rows), 1, 1, 1, std=0.22).sub(0.02).clamp(-0.7, 0.45).exp()
    images[rows] = images[rows] * gain + dice.normal(len(rows), 1, 1, 1, std=9.0)
    rows = dice.rows(B, 0.15)
    images[rows] *= 1 + dice.normal(len(rows), 3, 1, 1, std=0.06)
    rows = dice.rows(B, 0.1)
    keep = dice.uniform(len(rows), 1, 1, 1, low=0.5, high=0.95)
    images[rows] = images[rows] * keep + dice.uniform(len(rows), 1, 1, 1, low=20, high=190) * (1 - keep)
    rows = dice.rows(B, 0.25)
    images[rows] *= 1 + draw_ramps(dice, len(rows), size) * dice.normal(len(rows), 1, 1, 1, std=0.14)
    rows = dice.rows(B, 0.06)
    shade = draw_noise(dice, len(rows), size, dice.number(20, 60)) * 4
    images[rows] *= 1 - 0.45 * shade.add(dice.normal(len(rows), 1, 1, 1)).sigmoid()
    return images


def _raise_contrast(images: Tensor, dice: Dice) -> Tensor:
    """What cameras do on their own to flat pictures."""
    rows = dice.rows(len(images), CONTRAST_SHARE)
    mean = images[rows].mean((2, 3), keepdim=True)
    images[rows] = (images[rows] - mean) * dice.uniform(len(rows), 1, 1, 1, low=1.1, high=1.9) + mean
    return images


def _blur(images: Tensor, dice: Dice) -> Tensor:
    B = len(images)
    shares = [GAUSS_SHARE, DEFOCUS_SHARE, MOTION_SHARE, 1 - GAUSS_SHARE - DEFOCUS_SHARE - MOTION_SHARE]
    soft, defocused, moved, _ = dice.split(B, shares)
    if len(soft):
        images[soft] = _blur_gaussian(images[soft], 0.3 + 1.3 * dice.uniform(len(soft)) ** 1.4)
    for rows, draw_kernels in ((defocused, _draw_discs), (moved, _draw_streaks)):
        if len(rows):
            images[rows] = _filter(images[rows], draw_kernels(dice, len(rows)))
    return images


def _blur_gaussian(images: Tensor, sigmas_px: Tensor) -> Tensor:
    offsets = torch.arange(KERNEL_PX, device=images.device) - KERNEL_PX // 2
    kernels = (-0.5 * (offsets / sigmas_px[:, None]) ** 2).exp()
    kernels = kernels / kernels.sum(1, keepdim=True)
    return _filter(_filter(images, kernels[:, None, :]), kernels[:, :, None])


def _filter(images: Tensor, kernels: Tensor) -> Tensor:
    """Filter each picture with its own kernel (B, h, w), edges repeated."""
    B, C, H, W = images.shape
    h, w = kernels.shape[1:]
    padded = pad(images, (w // 2, w // 2, h // 2, h // 2), mode="replicate")
    weights = kernels[:, None, None].expand(B, C, 1, h, w).reshape(B * C, 1, h, w)
    return conv2d(padded.view(1, B * C, *padded.shape[-2:]), weights, groups=B * C).view(B, C, H, W)


def _draw_discs(dice: Dice, count: int) -> Tensor:
    y, x = _list_offsets(dice.device)
    radius = dice.uniform(count, 1, 1, low=0.8, high=2.4)
    return _normalise((radius + 0.5 - torch.hypot(x, y)).clamp(0, 1))


def _draw_streaks(dice: Dice, count: int) -> Tensor:
    y, x = _list_offsets(dice.device)
    angle, length = dice.uniform(count, 1, 1, high=torch.pi), dice.uniform(count, 1, 1, low=0.8, high=2.8)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    return _normalise((length + 0.5 - along.abs()).clamp(0, 1) * (1 - across.abs()).clamp(0, 1))


def _list_offsets(device: torch.device) -> tuple[Tensor, Tensor]:
    offsets = torch.arange(KERNEL_PX, device=device) - float(KERNEL_PX // 2)
    return offsets.view(1, -1, 1), offsets.view(1, 1, -1)


def _normalise(kernels: Tensor) -> Tensor:
    return kernels / kernels.sum((1, 2), keepdim=True)


def _record(images: Tensor, dice: Dice) -> Tensor:
    """Sensor noise, sharpening and JPEG at the resolution of the sensor."""
    B, _, H, W = images.shape
    rows = dice.rows(B, NOISE_SHARE)
    strength = 1 + 11 * dice.uniform(len(rows), 1, 1, 1) ** 2.5
    grey = dice.uniform(len(rows), 1, 1, 1)
    noise = dice.normal(len(rows), 1, H, W) * grey + dice.normal(len(rows), 3, H, W) * (1 - grey) * 0.8
    images[rows] += noise * strength
    rows = dice.rows(B, SHARPENED_SHARE)
    if len(rows):
        soft = avg_pool2d(images[rows], 3, 1, 1, count_include_pad=False)
        images[rows] += (images[rows] - soft) * dice.uniform(len(rows), 1, 1, 1, low=0.3, high=1.5)
    rows = dice.rows(B, JPEG_SHARE)
    images[rows] = lose_by_jpeg(images[rows].clamp(0, 255), 25 + 68 * dice.uniform(len(rows)))
    return images


def _damage(images: Tensor, dice: Dice) -> Tensor:
    """Fringes of colour, banding and hot pixels, now and then."""
    B, _, H, W = images.shape
    fringed, banded, hot, _ = dice.split(B, [DAMAGE_SHARE / 2, DAMAGE_SHARE / 4, DAMAGE_SHARE / 4, 1 - DAMAGE_SHARE])
    if len(fringed):
        step = dice.whole(0, 1) * 2 - 1
        red, blue = images[fringed, 0], images[fringed, 2]
        images[fringed, 0] = (red + red.roll(step, -1)) / 2
        images[fringed, 2] = (blue + blue.roll(-step, -1)) / 2
    images[banded] += dice.normal(len(banded), 1, H, 1, std=5.0)
    is_hot = dice.uniform(len(hot), 3, H, W) < 0.004
    images[hot] = torch.where(is_hot, dice.uniform(len(hot), 3, H, W, high=255.0), images[hot])
    return images.clamp(0, 255)
