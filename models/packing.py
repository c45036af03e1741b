"""A copy of a network for reading on a CPU: batch norms folded, weights laid out once instead of at every call.

oneDNN wants the weights in blocks of its own. A plain network has them copied into that form at every call, which
for one small crop costs more than the arithmetic; here it is done when the network is loaded. Normalisation,
softmax, sums of the attention part and recurrent layers stay in float32 whatever the precision of the weights.
"""

from typing import Any

import torch
from torch import Tensor, nn

from models.errors import WeightsError
from models.folding import fold_batch_norms
from models.glyph.attention_decoder import AttentionDecoder
from models.glyph.folded_decoder import FoldedDecoder
from models.recognition.conv_attention_ctc import ConvTrunk
from models.recognition.siga import SigaNetwork


class PackedConvolution(nn.Module):
    """A convolution with packed weights and, if asked for, SiLU in the same pass."""

    def __init__(self, convolution: nn.Conv2d, dtype: torch.dtype, with_silu: bool) -> None:
        super().__init__()
        self.settings = (convolution.padding, convolution.stride, convolution.dilation, convolution.groups)
        self.dtype, self.activation = dtype, "swish" if with_silu else "none"
        weight = convolution.weight.detach().to(dtype).to_mkldnn()
        reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight  # its stub lacks the last argument
        self.weight = reorder(weight, *self.settings, None)
        self.bias = None if convolution.bias is None else convolution.bias.detach().to(dtype)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W') in the precision of the weights."""
        return torch.ops.mkldnn._convolution_pointwise(
            features.to(self.dtype), self.weight, self.bias, *self.settings, self.activation, [], ""
        )


class PackedTransposed(nn.Module):
    """A transposed convolution with packed weights."""

    def __init__(self, convolution: nn.ConvTranspose2d, dtype: torch.dtype) -> None:
        super().__init__()
        padding, output_padding = convolution.padding, convolution.output_padding
        self.settings = (padding, output_padding, convolution.stride, convolution.dilation, convolution.groups)
        self.dtype = dtype
        weight = convolution.weight.detach().to(dtype)
        self.weight = torch.ops.mkldnn._reorder_convolution_transpose_weight(weight, *self.settings, None)
        self.bias = None if convolution.bias is None else convolution.bias.detach().to(dtype)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W') in the precision of the weights."""
        return torch.ops.mkldnn._convolution_transpose_pointwise(
            features.to(self.dtype), self.weight, self.bias, *self.settings, "none", [], ""
        )


class PackedLinear(nn.Module):
    """A linear layer with packed weights; float32 in and out."""

    def __init__(self, linear: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().to(dtype), None)
        self.bias = None if linear.bias is None else linear.bias.detach().to(dtype)

    def forward(self, features: Tensor) -> Tensor:
        """(..., D) to (..., D') float32."""
        packed = torch.ops.mkldnn._linear_pointwise(features.to(self.dtype), self.weight, self.bias, "none", [], "")
        return packed.float()


class _ToFloat(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.float()


class _FloatRecurrence(nn.Module):
    """A recurrent layer that is given half floats."""

    def __init__(self, layer: nn.LSTM) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, sequence: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        result: tuple[Tensor, tuple[Tensor, Tensor]] = self.layer(sequence.float())
        return result


def can_pack(network: nn.Module) -> bool:
    """Whether `pack_network` knows the network and this build of torch has what it needs."""
    return (
        _find_trunk(network) is not None
        and torch.backends.mkldnn.is_available()
        and hasattr(torch._C._nn, "mkldnn_reorder_conv2d_weight")
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and hasattr(torch.ops.mkldnn, "_convolution_transpose_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_convolution_transpose_weight")
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )


def pack_network(network: nn.Module, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A packed copy for inference; the network itself is left as it is.

    Args:
        network: in evaluation mode, on the CPU; one that `can_pack` accepts.
        dtype: float32 gives the same numbers up to rounding; bfloat16 is for processors that compute in it.

    Returns:
        A network that maps (B, 3, 32, W) float32 to float32 logits, without its train-only parts; of a glyph network
        one whose `read` and `explain` are packed too, what they give being of either precision.

    Raises:
        WeightsError: the network cannot be packed here.
    """
    if not can_pack(network):
        raise WeightsError(f"{type(network).__name__} cannot be packed with this build of torch; read with it as it is")
    packed = fold_batch_norms(network)
    _pack_children(packed, dtype)
    trunk = _find_trunk(packed)
    if trunk is not None:
        trunk.high = nn.Sequential(trunk.get_submodule("high"), _ToFloat())
    return packed


def _find_trunk(network: nn.Module) -> ConvTrunk | None:
    """The convolutional trunk that a network is or stands on."""
    trunk = network.trunk if isinstance(network, SigaNetwork) else network
    return trunk if isinstance(trunk, ConvTrunk) else None


def _pack_children(module: nn.Module, dtype: torch.dtype) -> None:
    for name, child in module.named_children():
        if isinstance(child, AttentionDecoder):  # a row or two at a time: packed layers would cost more than they save
            module.register_module(name, child if child.fusion is None else FoldedDecoder(child))
        elif isinstance(child, nn.Linear):
            module.register_module(name, PackedLinear(child, dtype))
        elif isinstance(child, nn.LSTM):
            module.register_module(name, _FloatRecurrence(child))
        elif isinstance(child, nn.ConvTranspose2d):
            module.register_module(name, PackedTransposed(child, dtype))
        elif isinstance(child, nn.Conv2d):
            is_map = child.out_channels > 1
            packed = PackedConvolution(child, dtype, with_silu=False) if is_map else nn.Sequential(_ToFloat(), child)
            module.register_module(name, packed)
        elif (convolution := _find_convolution_silu(child)) is not None:
            module.register_module(name, PackedConvolution(convolution, dtype, with_silu=True))
        else:
            _pack_children(child, dtype)


def _find_convolution_silu(module: nn.Module) -> nn.Conv2d | None:
    """The convolution of a folded `convolution, batch norm, SiLU`."""
    if not isinstance(module, nn.Sequential) or len(module) != 3:
        return None
    convolution, norm, activation = module
    is_whole = isinstance(norm, nn.Identity) and isinstance(activation, nn.SiLU)
    return convolution if is_whole and isinstance(convolution, nn.Conv2d) else None
