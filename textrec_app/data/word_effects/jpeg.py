"""JPEG's loss without the file: colours to YCbCr, cosine transform of 8 x 8 blocks, rounding, and back."""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

BLOCK_PX = 8
# Quantisation of luma and chroma at quality 50: ITU-T T.81, tables K.1 and K.2.
_LUMA_STEPS = (
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62 "
    "18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"
)
_CHROMA_STEPS = (
    "17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99 " + "99 " * 32
)
_TO_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def lose_by_jpeg(images: Tensor, qualities: Tensor) -> Tensor:
    """Pass pictures through the lossy part of JPEG with halved chroma.

    Args:
        images: (B, 3, H, W) float in 0..255.
        qualities: (B,) float from 1 to 100, as libjpeg counts.

    Returns:
        (B, 3, H, W) float in 0..255, not rounded.

    Source:
        ITU-T T.81, annexes A and K; quality scale of libjpeg's jcparam.c (Independent JPEG Group).
    """
    B, _, H, W = images.shape
    if not B:
        return images
    rows, columns = -H % (2 * BLOCK_PX), -W % (2 * BLOCK_PX)
    padded = pad(images - 128, (0, columns, 0, rows), mode="replicate")
    planes = torch.einsum("rc,bchw->brhw", images.new_tensor(_TO_YCBCR), padded)
    scale = torch.where(qualities < 50, 50.0 / qualities.clamp(min=1), 2 - qualities / 50)
    luma = _quantise(planes[:, :1], _LUMA_STEPS, scale)
    chroma = _quantise(avg_pool2d(planes[:, 1:], 2), _CHROMA_STEPS, scale)
    chroma = interpolate(chroma, scale_factor=2.0, mode="bilinear", align_corners=False)
    planes = torch.cat([luma, chroma], 1)
    restored = torch.einsum("rc,bchw->brhw", images.new_tensor(_TO_RGB), planes)
    return (restored[..., :H, :W] + 128).clamp(0, 255)


def _quantise(planes: Tensor, steps: str, scale: Tensor) -> Tensor:
    """Round the cosine coefficients of (B, C, H, W) planes whose sides are multiples of 8."""
    B, C, H, W = planes.shape
    transform = _make_transform(planes)
    table = planes.new_tensor([float(step) for step in steps.split()]).view(1, 1, 1, 1, BLOCK_PX, BLOCK_PX)
    table = (table * scale.view(B, 1, 1, 1, 1, 1)).round().clamp(1, 255)
    blocks = planes.view(B, C, H // BLOCK_PX, BLOCK_PX, W // BLOCK_PX, BLOCK_PX).transpose(3, 4)
    spectrum = transform @ blocks @ transform.T
    spectrum = (spectrum / table).round() * table
    blocks = transform.T @ spectrum @ transform
    return blocks.transpose(3, 4).reshape(B, C, H, W)


def _make_transform(like: Tensor) -> Tensor:
    """The orthonormal cosine transform of 8 samples: (8, 8)."""
    index = torch.arange(BLOCK_PX, device=like.device, dtype=like.dtype)
    waves = (math.pi / BLOCK_PX * index[:, None] * (index[None] + 0.5)).cos() * math.sqrt(2 / BLOCK_PX)
    waves[0] *= math.sqrt(0.5)
    return waves
