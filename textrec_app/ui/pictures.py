"""Pictures as data URLs, small enough to travel inside a value."""

import base64

import cv2
import numpy as np

PREVIEW_SIDE_PX = 1600
CROP_HEIGHT_PX = 160
THUMBNAIL_HW = (80, 640)
SMALL_BYTES = 6_000
JPEG_MARK = b"\xff\xd8"


def to_jpeg_url(image: np.ndarray, max_side_px: int = PREVIEW_SIDE_PX) -> str:
    """Encode an (H, W, 3) uint8 RGB picture as JPEG, shrunk until its longer side fits."""
    scale = min(1.0, max_side_px / max(image.shape[:2]))
    if scale < 1.0:
        width, height = (max(1, round(side * scale)) for side in (image.shape[1], image.shape[0]))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return _encode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), "image/jpeg", [cv2.IMWRITE_JPEG_QUALITY, 88])


def to_png_url(image: np.ndarray) -> str:
    """Encode an (H, W), (H, W, 3) RGB or (H, W, 4) RGBA uint8 picture as PNG, unchanged."""
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    return _encode(".png", image, "image/png", [])


def bytes_to_url(data: bytes) -> str:
    """Data URL of bytes that are a PNG or JPEG file already."""
    mime = "image/jpeg" if data.startswith(JPEG_MARK) else "image/png"
    return f"data:{mime};base64," + base64.b64encode(data).decode("ascii")


def to_thumbnail_url(data: bytes) -> str | None:
    """Data URL of a picture file, shrunk until it fits into `THUMBNAIL_HW`; None where the bytes are no picture."""
    if len(data) <= SMALL_BYTES:
        return bytes_to_url(data)
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        return None
    image = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    scale = min(1.0, THUMBNAIL_HW[0] / image.shape[0], THUMBNAIL_HW[1] / image.shape[1])
    return to_jpeg_url(image, max_side_px=max(1, round(scale * max(image.shape[:2]))))


def to_zip_url(data: bytes) -> str:
    """Data URL of a zip."""
    return "data:application/zip;base64," + base64.b64encode(data).decode("ascii")


def enlarge_crop(crop: np.ndarray, height_px: int = CROP_HEIGHT_PX) -> np.ndarray:
    """Bring a crop to a readable height; the width follows, up to eight times the height."""
    height, width = crop.shape[:2]
    scale = height_px / max(1, height)
    size = (max(8, min(8 * height_px, round(width * scale))), height_px)
    return cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def _encode(suffix: str, pixels: np.ndarray, mime: str, options: list[int]) -> str:
    _, data = cv2.imencode(suffix, np.ascontiguousarray(pixels), options)
    return f"data:{mime};base64," + base64.b64encode(data.tobytes()).decode("ascii")
