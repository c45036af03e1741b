"""One folder with everything that training the recognizer further needs, to carry to any machine."""

import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.charset import Charset
from models.weights import PRETRAINED_DIR, load_card
from textrec_app.data.crop_archive import write_crop_archives
from textrec_app.data.file_parts import split_file
from textrec_app.data.recognition_sets import RecognitionSample
from textrec_app.errors import InputError
from textrec_app.services.pack_parts import (
    copy_program,
    list_crops,
    list_fonts,
    list_requirements,
    measure,
    pack_backgrounds,
    pack_fonts,
    pack_wordlists,
)
from textrec_app.services.training import RENDERED_AUGMENT_STRENGTH, find_commit, load_training_samples
from textrec_app.training.recipes import RECOGNIZER_RECIPES
from textrec_app.training.run_bundle import write_bundle

logger = logging.getLogger(__name__)

MIB = 2**20
PACK_FILE = "pack.json"
STATE_NAME = "run"
LEAST_FONTS_BYTES = MIB // 2
MOST_FONTS_BYTES = 16 * MIB
RESERVE_BYTES = MIB // 8
README = """# TextRec: train the default recognizer further

    sh continue.sh MINUTES [OUT]

MINUTES is the whole sitting. It takes a GPU where torch sees one, else the CPU, and needs no network. What `OUT`
(or `state/` here) holds of an earlier sitting is gone on from; put OUT's files into `state/` before you carry the
folder to the next machine. OUT gets the checkpoint with its card, the run's state in parts of at most 16 MiB, and
`summary.json`: words a second trained and read, memory, accuracy on the held-back words.

The pictures are for research only: keep this folder to yourself.
"""


@dataclass(frozen=True)
class PackOrder:
    """What `pack` is asked for.

    Attributes:
        data: folders of labeled words; the tenth that training holds back is held back here, too.
        base: checkpoint to go on from; None takes the run's, else the shipped one.
        resume: folder of a run whose state goes along.
        recipe: training settings; None takes those of the checkpoint's card.
    """

    out: Path
    data: tuple[Path, ...] = ()
    fonts: Path | None = None
    wordlists: Path | None = None
    backgrounds: Path | None = None
    corrections: Path | None = None
    base: Path | None = None
    resume: Path | None = None
    recipe: str | None = None
    limit_mb: float = 64.0
    with_system_fonts: bool = True


@dataclass(frozen=True)
class PackResult:
    """What was packed; sizes in MiB by part."""

    out: Path
    total_mb: float
    sizes_mb: dict[str, float]
    n_train: int
    n_held_back: int
    n_fonts: int
    state: str
    small_crops: bool


@dataclass
class _Packing:
    """A folder being filled."""

    folder: Path
    limit: int
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return self.limit - RESERVE_BYTES - measure(self.folder)


def pack_training(order: PackOrder, on_progress: Callable[[str], None] = lambda line: None) -> PackResult:
    """Fill a new folder; it appears whole or not at all.

    Pictures of crops stay as they are where there is room for them and all fonts, else they become small WebP files;
    fonts take what room is left.

    Raises:
        InputError: the folder has files in it, there is nothing to pack, or it does not fit into the limit.
        WeightsError: the checkpoint is missing or altered.
    """
    if order.out.exists() and any(order.out.iterdir()):
        raise InputError(f"{order.out} is not empty. Name a new folder for the pack.")
    order.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=order.out.parent, prefix=".pack-") as scratch:
        packing = _Packing(Path(scratch) / "pack", int(order.limit_mb * MIB))
        packing.folder.mkdir()
        on_progress("program and checkpoint")
        recipe = _pack_program(packing, order)
        on_progress("word lists and backgrounds")
        packing.notes["n_wordlists"] = pack_wordlists(packing.folder / "wordlists.zip", order.wordlists)
        packing.notes["n_backgrounds"] = pack_backgrounds(packing.folder / "backgrounds", order.backgrounds)
        on_progress("crops, fonts and state")
        _pack_material(packing, order)
        packing.notes |= {"recipe": recipe, "rendered_augment_strength": RENDERED_AUGMENT_STRENGTH}
        packing.notes |= {"commit": find_commit(), "data": [folder.name for folder in order.data]}
        (packing.folder / PACK_FILE).write_text(json.dumps(packing.notes, indent=1), encoding="utf-8")
        result = _describe(packing, order.out)
        _refuse_too_large(packing, result)
        if order.out.exists():
            order.out.rmdir()
        packing.folder.replace(order.out)
    return result


def _pack_program(packing: _Packing, order: PackOrder) -> str:
    copy_program(packing.folder)
    (packing.folder / "requirements.txt").write_text("\n".join(list_requirements()) + "\n", encoding="utf-8")
    (packing.folder / "README.md").write_text(README, encoding="utf-8")
    base = _find_base(order)
    card = load_card(base)
    (packing.folder / "base").mkdir()
    shutil.copyfile(base, packing.folder / "base" / "recognizer.safetensors")
    shutil.copyfile(base.with_suffix(".json"), packing.folder / "base" / "recognizer.json")
    packing.notes["charset"] = card.charset
    named = order.recipe or str((card.recipe.get("fit") or {}).get("name", ""))
    if order.recipe is not None and order.recipe not in RECOGNIZER_RECIPES:
        raise InputError(f"There is no recipe '{order.recipe}'; choose one of {', '.join(RECOGNIZER_RECIPES)}.")
    return named if named in RECOGNIZER_RECIPES else "base"


def _pack_material(packing: _Packing, order: PackOrder) -> None:
    train, held_back = load_training_samples(order.data, order.corrections)
    fonts = list_fonts(order.fonts, order.with_system_fonts)
    everything = packing.folder / "fonts.zip"
    packing.notes["n_fonts"] = pack_fonts(everything, fonts, MOST_FONTS_BYTES)
    packing.notes["small_crops"] = False
    _pack_crops(packing, train, held_back)
    if packing.left < 0 or order.resume is not None:
        packing.notes["small_crops"] = True
        _pack_crops(packing, train, held_back)
    if order.resume is not None:
        everything.unlink()
        packing.notes["state"] = _pack_state(packing, order.resume, packing.left - 2 * LEAST_FONTS_BYTES)
    if order.resume is not None or packing.left < 0:
        everything.unlink(missing_ok=True)
        packing.notes["n_fonts"] = pack_fonts(
            everything, fonts, min(MOST_FONTS_BYTES, max(packing.left, LEAST_FONTS_BYTES))
        )


def _pack_crops(packing: _Packing, train: list[RecognitionSample], held_back: list[RecognitionSample]) -> None:
    is_small = bool(packing.notes["small_crops"])
    folder = packing.folder / "crops"
    shutil.rmtree(folder, ignore_errors=True)
    crops = list_crops(train, Charset(packing.notes["charset"]), is_small)
    measured = list_crops(held_back, None, is_small)
    write_crop_archives(folder, "train", crops)
    write_crop_archives(folder, "held_back", measured)
    packing.notes |= {"n_train": len(crops), "n_held_back": len(measured)}


def _pack_state(packing: _Packing, run: Path, limit_bytes: int) -> str:
    bundle = packing.folder / "bundle.zip"
    level = write_bundle(run, bundle, max(0, limit_bytes))
    split_file(bundle, packing.folder / "state", STATE_NAME)
    bundle.unlink()
    return level


def _find_base(order: PackOrder) -> Path:
    if order.base is not None:
        return order.base
    if order.resume is not None and (order.resume / "recognizer.safetensors").is_file():
        return order.resume / "recognizer.safetensors"
    return PRETRAINED_DIR / "recognizer.safetensors"


def _describe(packing: _Packing, out: Path) -> PackResult:
    sizes = {path.name: round(measure(path) / MIB, 2) for path in sorted(packing.folder.iterdir())}
    notes = packing.notes
    return PackResult(
        out=out,
        total_mb=round(measure(packing.folder) / MIB, 2),
        sizes_mb={name: size for name, size in sizes.items() if size >= 0.01},
        n_train=notes["n_train"],
        n_held_back=notes["n_held_back"],
        n_fonts=notes["n_fonts"],
        state=notes.get("state", ""),
        small_crops=notes["small_crops"],
    )


def _refuse_too_large(packing: _Packing, result: PackResult) -> None:
    if measure(packing.folder) <= packing.limit:
        return
    parts = sorted(result.sizes_mb.items(), key=lambda part: -part[1])
    told = ", ".join(f"{name} {size:.1f}" for name, size in parts[:5])
    advice = "the run's state (--resume)" if result.state else "a folder of --data or --backgrounds"
    raise InputError(
        f"The pack needs {result.total_mb:.1f} MiB and may have {packing.limit / MIB:.1f} ({told}). "
        f"Leave out {advice}, or allow more with --limit-mb."
    )
