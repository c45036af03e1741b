"""Contrast between parts of a word: the same part of two views is alike, all other parts are not.

Source:
    Aberdam et al., CVPR 2021 (SeqCLR); Aberdam et al., WACV 2022 (SemiMTR); METHODS section 6.1 with its corrections:
    windows lie over the width, and the logarithm of the softmax is taken at once.
"""

import torch
from torch import Tensor
from torch.nn import functional

from models.errors import ShapeError
from models.glyph.steps import at_least_float32
from models.recognition.semi.options import ContrastOptions


def pool_instances(features: Tensor, options: ContrastOptions) -> Tensor:
    """Features (N, D, R, T) to vectors (N, M, D), M as the options say."""
    if options.instances == "windows":
        return window_instances(features, options.windows)
    if options.instances == "frames":
        return frame_instances(features)
    if options.instances == "fixed":
        return fixed_instances(features, options.frames_each)
    return band_instances(features, options.windows)


def window_instances(features: Tensor, windows: int) -> Tensor:
    """(N, D, R, T) to (N, windows, D): rows averaged first, then the columns of each window."""
    return functional.adaptive_avg_pool1d(features.mean(dim=2), windows).transpose(1, 2)


def frame_instances(features: Tensor) -> Tensor:
    """(N, D, R, T) to (N, T, D): each column is an instance."""
    return features.mean(dim=2).transpose(1, 2)


def fixed_instances(features: Tensor, frames: int) -> Tensor:
    """(N, D, R, T) to (N, ceil(T / frames), D): windows of so many columns; the last may be narrower."""
    line = features.mean(dim=2)
    pooled = functional.avg_pool1d(line, frames, frames, ceil_mode=True, count_include_pad=False)
    return pooled.transpose(1, 2)


def band_instances(features: Tensor, windows: int) -> Tensor:
    """(N, D, R, T) to (N, windows, D) of places in row order: bands of rows, as the reference code pools them."""
    return functional.adaptive_avg_pool1d(features.flatten(2), windows).transpose(1, 2)


def nt_xent_loss(first: Tensor, second: Tensor, temperature: float = 0.1) -> Tensor:
    """Normalised temperature-scaled cross-entropy over all instances of two views.

    Each of the 2 N M vectors has one positive, the same instance in the other view; all others are negatives, those of
    the same word included. Vectors that say nothing give ln(2 N M - 1).

    Args:
        first, second: (N, M, D) instances of both views, in the same order.

    Returns:
        A scalar; 0 without an instance.

    Raises:
        ShapeError: the views have different shapes.
    """
    if first.shape != second.shape:
        raise ShapeError(f"views have {tuple(first.shape)} and {tuple(second.shape)} instances; they must be alike")
    both = at_least_float32(torch.cat([first.flatten(0, 1), second.flatten(0, 1)]))  # (2 N M, D)
    count = len(both)
    if count == 0:
        return both.sum()
    unit = functional.normalize(both, dim=-1)
    alike = unit @ unit.T / temperature
    itself = torch.eye(count, dtype=torch.bool, device=alike.device)
    positives = (torch.arange(count, device=alike.device) + count // 2) % count
    return functional.cross_entropy(alike.masked_fill(itself, float("-inf")), positives)
