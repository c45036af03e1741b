"""Decode a picture file, whatever its kind, into one form: upright RGB bytes."""

import io
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from textrec_app.errors import InputError

logger = logging.getLogger(__name__)

MAX_PIXELS = 100_000_000
PICTURE_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF")
# fmt: off
PICTURE_SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".bmp", ".dib",
    ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".avif",
))
# fmt: on

# What Pillow's decoders raise on damaged files; anything else is a fault of ours and shall be seen.
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_HEAD_BYTES = 16
_LIGHT_INK = 160.0
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The warning filters belong to the whole process, so one thread at a time changes them.
_warning_filters = threading.Lock()


def load_image(source: Path | bytes, name: str | None = None, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Decode one picture and turn it upright.

    EXIF orientation is applied. CMYK, 16-bit, palette and grey pictures become RGB; transparent ones lie on
    white, or on black where their ink is light. Of an animation the first frame is taken.

    Args:
        source: a file, or the bytes of one.
        name: what messages call the picture; the file's name by default.
        max_pixels: pictures with more pixels are refused before they are decoded.

    Returns:
        (H, W, 3) uint8 RGB, contiguous.

    Raises:
        InputError: missing, empty, cut off, too large, or no picture; the message names the file and says what to do.
    """
    shown = display_name(name or (source.name if isinstance(source, Path) else "The picture"))
    try:
        if isinstance(source, bytes):
            return _decode(io.BytesIO(source), shown, max_pixels)
        with source.open("rb") as stream:
            return _decode(stream, shown, max_pixels)
    except FileNotFoundError:
        raise InputError(f"{shown}: there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{shown} is a folder, not a picture. Name the pictures in it.") from None
    except PermissionError:
        raise InputError(f"{shown} may not be opened. Check the file's permissions.") from None


def display_name(name: str) -> str:
    """Make a file name safe to print and store: bytes that are no UTF-8 and control characters become '?'."""
    readable = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else "?" for character in readable)


def _decode(stream: BinaryIO, shown: str, max_pixels: int) -> NDArray[np.uint8]:
    head = stream.read(_HEAD_BYTES)
    if not head:
        raise InputError(f"{shown} is empty (0 bytes). Save or copy the picture again.")
    stream.seek(0)
    try:
        with _quiet():
            picture = Image.open(stream, formats=PICTURE_FORMATS)
            orientation, fault = _find_orientation(picture)
    except Image.DecompressionBombError:
        raise InputError(_too_large(shown, None, max_pixels)) from None
    except _DECODE_ERRORS as error:
        logger.info("%s: cannot be opened: %s", shown, error)
        raise InputError(_no_picture(shown, head)) from None
    with picture:
        if picture.width * picture.height > max_pixels:
            raise InputError(_too_large(shown, picture.width * picture.height, max_pixels))
        pixels = _upright_pixels(picture, orientation, shown)
    if fault is not None:
        logger.warning("%s: its EXIF block is damaged and was passed over: %s", shown, fault)
    return pixels


def _upright_pixels(picture: Image.Image, orientation: int | None, shown: str) -> NDArray[np.uint8]:
    try:
        picture.load()
        rgb = _to_rgb(picture)
    except _DECODE_ERRORS as error:
        logger.info("%s: cannot be decoded: %s", shown, error)
        raise InputError(f"{shown} is damaged or cut off and cannot be read. Save or copy it again.") from None
    except MemoryError:
        raise InputError(f"{shown} is too large for this machine's memory. Make it smaller and try again.") from None
    upright = rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb
    return np.array(upright, dtype=np.uint8)


def _find_orientation(picture: Image.Image) -> tuple[int | None, Exception | None]:
    """EXIF's orientation, and what is wrong with the block; of a picture that is cut off the decoder will say more."""
    try:
        return picture.getexif().get(ExifTags.Base.Orientation), None
    except _DECODE_ERRORS as error:
        return None, error


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_to_8_bit(np.asarray(picture))).convert("RGB")
    if picture.has_transparency_data:
        return _flatten(picture.convert("RGBA"))
    return picture.convert("RGB")


def _to_8_bit(deep: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale (H, W) samples of 16 or 32 bits, or floats, to 0..255; Pillow's own conversion would clip them."""
    values = np.nan_to_num(deep.astype(np.float64), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    if deep.dtype.kind == "f" and top <= 1.0:
        scale = 255.0
    elif deep.dtype.itemsize == 2 or 255.0 < top <= 65535.0:
        scale = 1.0 / 257.0
    else:
        scale = min(1.0, 255.0 / max(top, 1.0))
    return np.clip(np.rint(values * scale), 0, 255).astype(np.uint8)


def _flatten(picture: Image.Image) -> Image.Image:
    opacity = np.asarray(picture.getchannel("A"), dtype=np.float32)
    brightness = np.asarray(picture.convert("RGB").convert("L"), dtype=np.float32)
    ink = float((opacity * brightness).sum() / max(float(opacity.sum()), 1.0))
    paper = (0, 0, 0, 255) if ink > _LIGHT_INK and opacity.min(initial=255.0) < 255.0 else (255, 255, 255, 255)
    return Image.alpha_composite(Image.new("RGBA", picture.size, paper), picture).convert("RGB")


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Pillow's warnings while a header is read: what they tell of is checked here, and said in a sentence."""
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _no_picture(shown: str, head: bytes) -> str:
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return f"{shown} is a HEIC picture, which is not supported. Save it as JPEG or PNG and try again."
    return f"{shown} is not a picture that can be read. Use JPEG, PNG, GIF, BMP, TIFF, WebP or AVIF."


def _too_large(shown: str, n_pixels: int | None, max_pixels: int) -> str:
    size = f"has {n_pixels / 1e6:.0f} megapixels" if n_pixels else "is far too large"
    return f"{shown} {size}; at most {max_pixels / 1e6:g} are read. Make it smaller and try again."
