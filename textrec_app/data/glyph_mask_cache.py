"""Glyph masks of all crops of a pool: made once, one bit a pixel, kept on disk under the hash of what they show.

A file is a mark, the SHA-256 of what follows, one byte for each crop (its place in `OUTCOMES`), and the bits of the
kept masks in order, each beginning at a whole byte.
"""

import hashlib
import logging
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from textrec_app.data.crop_pool import CropPool
from textrec_app.data.glyph_masks import KEPT, MASK_RULE, OUTCOMES, split_glyphs

logger = logging.getLogger(__name__)

MARK = b"TRGLYPH1"
MANY_DROPPED = 0.2
HEAD_BYTES = len(MARK) + hashlib.sha256().digest_size


class GlyphMasks:
    """Masks of a pool by the numbers of its crops; goes to another process by its path, as the pool does.

    Attributes:
        counts: crops by what became of them, in the order of `OUTCOMES`.
    """

    def __init__(self, sizes_hw: np.ndarray, body: np.ndarray) -> None:
        """Find the masks.

        Args:
            sizes_hw: (N, 2) int64, heights and widths of the crops.
            body: flat uint8: N outcomes, then the bits; a memory map stays one.
        """
        self._sizes_hw, self._body = sizes_hw, body
        self._outcomes = np.asarray(body[: len(sizes_hw)])
        self._offsets = len(sizes_hw) + np.concatenate([[0], np.cumsum(_count_bytes(sizes_hw, self._outcomes))])
        counts = np.bincount(self._outcomes, minlength=len(OUTCOMES))
        self.counts = {outcome: int(count) for outcome, count in zip(OUTCOMES, counts, strict=True)}

    def __getstate__(self) -> dict[str, Any]:
        """Masks on disk travel as their path."""
        body = str(self._body.filename) if isinstance(self._body, np.memmap) else self._body
        return {"sizes_hw": self._sizes_hw, "body": body}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file again."""
        body = state["body"]
        GlyphMasks.__init__(self, state["sizes_hw"], _open_body(Path(body)) if isinstance(body, str) else body)

    def __len__(self) -> int:
        """Number of crops."""
        return len(self._sizes_hw)

    def mask(self, index: int) -> np.ndarray | None:
        """(H, W) uint8 of 0 and 1 at the crop's own size, a copy; None where it was dropped."""
        if self._outcomes[index] != KEPT:
            return None
        height, width = (int(side) for side in self._sizes_hw[index])
        bits = self._body[self._offsets[index] : self._offsets[index + 1]]
        return np.unpackbits(bits, count=height * width).reshape(height, width)


def make_glyph_masks(pool: CropPool, folder: Path | None = None) -> GlyphMasks:
    """Masks of all crops of a pool, at the size in which the pool holds them.

    Args:
        folder: where masks are kept and looked for, by the content of the pool; a damaged file is made again. None
            keeps them in memory.
    """
    sizes_hw = np.array([(entry.height, entry.width) for entry in pool.entries], np.int64).reshape(-1, 2)
    if folder is None:
        return _tell(GlyphMasks(sizes_hw, np.frombuffer(_make_body(pool), np.uint8)))
    path = folder / f"{hash_pool(pool)}.glyphs"
    if not _is_whole(path, sizes_hw):
        _write_whole(path, _make_body(pool))
    return _tell(GlyphMasks(sizes_hw, _open_body(path)))


def hash_pool(pool: CropPool) -> str:
    """SHA-256 of all that masks follow from: the pixels, the sizes, and the rule; labels do not count."""
    digest = hashlib.sha256(f"glyph masks, rule {MASK_RULE}".encode())
    digest.update(np.array([(it.height, it.width) for it in pool.entries], np.int64).tobytes())
    for number in range(len(pool)):
        digest.update(pool.crop(number).data)
    return digest.hexdigest()


def _tell(masks: GlyphMasks) -> GlyphMasks:
    """Log what was kept and dropped; loudly where much of a pool cannot teach where ink lies."""
    dropped = 1.0 - masks.counts[OUTCOMES[KEPT]] / max(1, len(masks))
    level = logging.WARNING if len(masks) and dropped > MANY_DROPPED else logging.INFO
    logger.log(level, "glyph masks of %d crops: %s", len(masks), masks.counts)
    return masks


def _make_body(pool: CropPool) -> bytes:
    begin = time.perf_counter()
    outcomes, bits = bytearray(), bytearray()
    for index in range(len(pool)):
        mask, outcome = split_glyphs(pool.crop(index))
        outcomes.append(outcome)
        if mask is not None:
            bits += np.packbits(mask).tobytes()
    took_s = time.perf_counter() - begin
    logger.info("made glyph masks of %d crops, %.0f crops/s", len(pool), len(pool) / max(took_s, 1e-9))
    return bytes(outcomes + bits)


def _write_whole(path: Path, body: bytes) -> None:
    """Write a file that appears whole or not at all, whoever else writes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_bytes(MARK + hashlib.sha256(body).digest() + body)
    temporary.replace(path)


def _is_whole(path: Path, sizes_hw: np.ndarray) -> bool:
    """Whether masks of such crops lie there as they were written."""
    if not path.is_file():
        return False
    raw = path.read_bytes()
    if raw[:HEAD_BYTES] != MARK + hashlib.sha256(raw[HEAD_BYTES:]).digest():
        logger.warning("%s is damaged; its masks are made again", path)
        return False
    body = np.frombuffer(raw, np.uint8)[HEAD_BYTES:]
    return len(body) == len(sizes_hw) + int(_count_bytes(sizes_hw, body[: len(sizes_hw)]).sum())


def _open_body(path: Path) -> np.ndarray:
    if path.stat().st_size == HEAD_BYTES:
        return np.empty(0, np.uint8)  # of an empty pool, which cannot be mapped
    return np.memmap(path, np.uint8, mode="r", offset=HEAD_BYTES)


def _count_bytes(sizes_hw: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """(N,) bytes that each crop's bits take."""
    return np.where(outcomes == KEPT, (sizes_hw.prod(axis=1) + 7) // 8, 0)
