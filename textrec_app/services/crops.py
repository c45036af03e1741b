"""Crops as bytes: PNG in and out, and a hash that nearly equal crops share."""

import cv2
import numpy as np

from textrec_app.errors import InputError

HASH_SIZE_HW = (8, 8)


def encode_png(crop: np.ndarray) -> bytes:
    """Write a crop as PNG.

    Args:
        crop: (H, W, 3) uint8 RGB.

    Raises:
        InputError: the crop has no pixels.
    """
    if crop.size == 0:
        raise InputError(f"A crop of shape {crop.shape} has no pixels.")
    is_written, data = cv2.imencode(".png", cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2BGR))
    if not is_written:
        raise InputError(f"A crop of shape {crop.shape} cannot be written as PNG.")
    return data.tobytes()


def decode_png(data: bytes) -> np.ndarray:
    """Read a crop that `encode_png` wrote, as (H, W, 3) uint8 RGB.

    Raises:
        InputError: the bytes are no picture.
    """
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError("A stored crop is damaged; restore the data directory from a backup.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def compute_perceptual_hash(crop: np.ndarray) -> str:
    """64 bits that say where brightness rises from left to right, as 16 hexadecimal digits.

    Crops that differ by compression, scale or a little noise differ in few bits.

    Args:
        crop: (H, W, 3) uint8 RGB.
    """
    height, width = HASH_SIZE_HW
    gray = cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (width + 1, height), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return np.packbits(bits).tobytes().hex()
