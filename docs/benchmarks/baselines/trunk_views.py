"""What a fixed trunk makes of several views of many crops, computed once: a network on top then trains in seconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.recognition.abinet import AbinetNetwork, TrunkView
from textrec_app.data.buckets import bucket_width
from textrec_app.data.strong_views import fit_view
from textrec_app.training.recognizer import crops_to_tensor

CHUNK = 32
CPU = torch.device("cpu")
ViewMaker = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class TrunkViews:
    """Views of crops, grouped by the width of their bucket.

    Attributes:
        texts: by width, one for each crop; empty strings where nobody knows.
        middle: by width, (N, V, C, 4, T) bfloat16 of V views.
        columns: by width, (N, V, T, D) bfloat16.
    """

    texts: dict[int, list[str]]
    middle: dict[int, Tensor]
    columns: dict[int, Tensor]

    def __len__(self) -> int:
        """Number of crops."""
        return sum(len(texts) for texts in self.texts.values())

    def take(self, width: int, rows: Sequence[int], views: Sequence[int]) -> TrunkView:
        """One view of each of some crops of a width, in float32."""
        index, which = torch.tensor(rows, dtype=torch.long), torch.tensor(views, dtype=torch.long)
        return TrunkView(self.middle[width][index, which].float(), self.columns[width][index, which].float())


def compute_trunk_views(
    network: AbinetNetwork, crops: Sequence[tuple[np.ndarray, str]], views: Sequence[ViewMaker], seed: int
) -> TrunkViews:
    """Run the trunk over every view of every crop.

    Args:
        crops: (H, W, 3) uint8 RGB and text.
        views: each takes a picture (32, W, 3) that lies in its bucket.
    """
    network.eval()
    groups: dict[int, list[int]] = {}
    for index, (crop, _) in enumerate(crops):
        groups.setdefault(bucket_width(crop.shape[:2]), []).append(index)
    found = TrunkViews({}, {}, {})
    for width, members in sorted(groups.items()):
        parts: list[TrunkView] = []
        for start in range(0, len(members), CHUNK):
            generator = np.random.default_rng([seed, width, start])
            fitted = [fit_view(crops[index][0], width) for index in members[start : start + CHUNK]]
            shown = np.stack([make(image, generator) for image in fitted for make in views])
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                view = network.look(crops_to_tensor(shown, CPU))
            shape = (len(fitted), len(views))
            middle, columns = (part.bfloat16().unflatten(0, shape) for part in view)
            parts.append(TrunkView(middle, columns))
        found.texts[width] = [crops[index][1] for index in members]
        found.middle[width] = torch.cat([part.middle for part in parts])
        found.columns[width] = torch.cat([part.columns for part in parts])
    return found


def save_trunk_views(path: Path, views: TrunkViews) -> None:
    """Write views and texts side by side."""
    tensors = {f"middle.{width}": tensor.contiguous() for width, tensor in views.middle.items()}
    tensors |= {f"columns.{width}": tensor.contiguous() for width, tensor in views.columns.items()}
    lines = [f"{width}\t{text}" for width, texts in views.texts.items() for text in texts]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".tsv").write_text("\n".join(lines), encoding="utf-8")
    save_file(tensors, path)


def load_trunk_views(path: Path) -> TrunkViews:
    """Read what `save_trunk_views` wrote."""
    tensors = load_file(path)
    texts: dict[int, list[str]] = {}
    for line in path.with_suffix(".tsv").read_text(encoding="utf-8").split("\n"):
        width, _, text = line.partition("\t")
        texts.setdefault(int(width), []).append(text)
    return TrunkViews(
        texts,
        {width: tensors[f"middle.{width}"] for width in texts},
        {width: tensors[f"columns.{width}"] for width in texts},
    )
