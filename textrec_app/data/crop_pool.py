"""Many labeled crops in few large files, read by memory map: what training draws its batches from.

A pool is a folder of shards; shard S is `S.bin` (pixels one crop after the other) and `S.jsonl`
(one `[offset, height, width, text]` for each crop).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from textrec_app.data.buckets import bucket_width

MAX_HEIGHT_PX = 64


@dataclass(frozen=True)
class CropEntry:
    """Where one crop lies in its shard."""

    shard: int
    offset: int
    height: int
    width: int
    text: str


class CropPool:
    """Labeled crops by number.

    Attributes:
        texts: the label of each crop.
        buckets: (N,) int bucket width of each crop.
    """

    def __init__(self, entries: list[CropEntry], pixels: list[np.ndarray]) -> None:
        self.entries, self._pixels = entries, pixels
        self.texts = [entry.text for entry in entries]
        self.buckets = np.array([bucket_width((entry.height, entry.width)) for entry in entries], np.int64)

    def __getstate__(self) -> dict[str, Any]:
        """Shards on disk go to another process by their path, so that all share one copy."""
        places = [str(shard.filename) if isinstance(shard, np.memmap) else shard for shard in self._pixels]
        return {"entries": self.entries, "pixels": places}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the shards again."""
        opened = [np.memmap(it, np.uint8, mode="r") if isinstance(it, str) else it for it in state["pixels"]]
        CropPool.__init__(self, state["entries"], opened)

    def __len__(self) -> int:
        """Number of crops."""
        return len(self.entries)

    def crop(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB; a view that must not be written to."""
        entry = self.entries[index]
        size = entry.height * entry.width * 3
        flat = self._pixels[entry.shard][entry.offset : entry.offset + size]
        return flat.reshape(entry.height, entry.width, 3)


def write_pool_shard(folder: Path, stem: str, crops: Iterable[tuple[np.ndarray, str]]) -> int:
    """Write one shard; it appears whole or not at all.

    Args:
        crops: (H, W, 3) uint8 RGB and text; crops over 64 px high are reduced to it.

    Returns:
        The number of crops written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    offset, lines = 0, []
    pixels_path, temporary = folder / f"{stem}.bin", folder / f".{stem}.bin.part"
    with temporary.open("wb") as stream:
        for crop, text in crops:
            small = _limited(crop)
            stream.write(np.ascontiguousarray(small).tobytes())
            lines.append(json.dumps([offset, small.shape[0], small.shape[1], text], ensure_ascii=False))
            offset += small.size
    temporary.replace(pixels_path)
    index = folder / f".{stem}.jsonl.part"
    index.write_text("\n".join(lines), encoding="utf-8")
    index.replace(folder / f"{stem}.jsonl")
    return len(lines)


def open_pool(folder: Path) -> CropPool:
    """Open all whole shards of a folder, in the order of their names."""
    entries: list[CropEntry] = []
    pixels: list[np.ndarray] = []
    for index_path in sorted(folder.glob("*.jsonl")):
        for line in index_path.read_text(encoding="utf-8").splitlines():
            offset, height, width, text = json.loads(line)
            entries.append(CropEntry(len(pixels), offset, height, width, text))
        pixels.append(np.memmap(index_path.with_suffix(".bin"), np.uint8, mode="r"))
    return CropPool(entries, pixels)


def pool_in_memory(crops: Iterable[tuple[np.ndarray, str]]) -> CropPool:
    """A pool of crops that are held in memory."""
    entries: list[CropEntry] = []
    pixels: list[np.ndarray] = []
    for crop, text in crops:
        small = _limited(crop)
        entries.append(CropEntry(len(pixels), 0, small.shape[0], small.shape[1], text))
        pixels.append(np.ascontiguousarray(small).reshape(-1))
    return CropPool(entries, pixels)


def _limited(crop: np.ndarray) -> np.ndarray:
    height, width = crop.shape[:2]
    if height <= MAX_HEIGHT_PX:
        return crop
    size = (max(1, round(width * MAX_HEIGHT_PX / height)), MAX_HEIGHT_PX)
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
