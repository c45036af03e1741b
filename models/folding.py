"""Batch norms folded into the convolutions before them: for reading and for export."""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.backbones import residual_pyramid
from models.detection.craft import UpBlock
from models.detection.one_shot import FarBlock
from models.recognition import conv_attention_ctc


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """A copy in which each convolution does its batch norm's work; in evaluation mode it says the same."""
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if isinstance(module, conv_attention_ctc.ResidualBlock | residual_pyramid.ResidualBlock):
            _fold(module, "second", "norm")
        elif isinstance(module, FarBlock):
            _fold(module, "first", "first_norm")
            _fold(module, "second", "norm")
        elif isinstance(module, UpBlock):
            _fold_sum(module)
        elif isinstance(module, nn.Sequential) and len(module) > 1:
            _fold(module, "0", "1")
    return folded


def _fold(module: nn.Module, first: str, second: str) -> None:
    convolution, norm = module.get_submodule(first), module.get_submodule(second)
    if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
        module.register_module(first, fuse_conv_bn_eval(convolution, norm))
        module.register_module(second, nn.Identity())


def _fold_sum(block: UpBlock) -> None:
    """One norm of a sum of two convolutions, one of them enlarged linearly: both are scaled, the other is shifted."""
    norm = block.norm
    if not isinstance(norm, nn.BatchNorm2d):
        return
    without_shift = copy.deepcopy(norm)
    with torch.no_grad():
        without_shift.running_mean = torch.zeros_like(norm.weight)
        without_shift.bias = nn.Parameter(torch.zeros_like(norm.bias))
    block.from_coarse = fuse_conv_bn_eval(block.from_coarse, without_shift)
    block.from_fine = fuse_conv_bn_eval(block.from_fine, norm)
    block.register_module("norm", nn.Identity())
