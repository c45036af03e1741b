"""Where networks run, and in which precision."""

import torch

from textrec_app.errors import InputError


def pick_device(device: str) -> torch.device:
    """The torch device that a setting means; "auto" takes a GPU where there is one.

    Raises:
        InputError: there is no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise InputError(f"There is no device '{device}'; choose auto, cpu or cuda.")
    if kind == "cuda" and torch.cuda.device_count() <= int(number or 0):
        raise InputError(f"TEXTREC_DEVICE or --device is {device}, but torch sees no such GPU; choose auto or cpu.")
    return torch.device(device)


def has_fast_bf16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 faster than in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if not torch.backends.mkldnn.is_available():
        return False
    return torch.backends.cpu.get_cpu_capability() in {"AVX512", "AMX"} and torch.ops.mkldnn._is_mkldnn_bf16_supported()
