"""Items to retrain on, and a supervisor turned by hand until something is so."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.charset import PRINTABLE_ASCII
from models.weights import load_card, load_tensors, save_weights
from storage import decisions, pictures, selections
from storage.pictures import NewHarvestFile
from storage.records import CheckpointRef, NewDecision, NewItem, NewPicture, NewReading, NewSelection
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import WORDS, draw_word, to_png
from textrec_app.data.near_duplicates import group_by_hash
from textrec_app.services.context import App
from textrec_app.services.crops import compute_perceptual_hash, encode_png
from textrec_app.services.retraining import JobView, get_job
from textrec_app.services.snapshots import is_held_back
from textrec_app.worker.supervisor import Supervisor

MADE_UP = CheckpointRef("made up", "1", "9" * 64)
CORNERS = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))


def make_word(index: int, seed: int = 0) -> tuple[str, np.ndarray]:
    """The text and crop of one of as many different words as wanted."""
    text = f"{WORDS[index % len(WORDS)]}{index}"
    return text, draw_word(text, size_px=18 + index % 9, seed=seed + index)


def add_labels(app: App, amount: int, text: str, held_back_text: str | None = None) -> None:
    """Crops that a person gave this text; those that will be held back for validation may get another."""
    crops = [make_word(index)[1] for index in range(amount)]
    groups = group_by_hash([compute_perceptual_hash(crop) for crop in crops])
    for index, (crop, group) in enumerate(zip(crops, groups, strict=True)):
        name = f"label {index}.png"
        given = held_back_text if held_back_text and is_held_back(group) else text
        add_crop(app, crop, given, name)


def add_crop(app: App, crop: np.ndarray, text: str, name: str = "label.png") -> None:
    """A crop that a person gave this text."""
    decision = NewDecision(0, 0, "import", "corrected", text, "ana", uuid.uuid4().hex, None)
    decisions.add_labelled_crop(app.store, _picture(app, crop, name), _item(app, crop), decision)


def add_readings(app: App, amount: int, kept: bool, first: int = 1000) -> None:
    """Crops that a model read: kept as pseudo-labels, or waiting."""
    selection = selections.add_selection(app.store, NewSelection("harvest", "ana", 0.99, 0.9, MADE_UP))
    for index in range(first, first + amount):
        text, crop = make_word(index, seed=1)
        name = f"reading {index}.png"
        reading = NewReading(text, 0.95 if kept else 0.3, -0.1, (), MADE_UP, kept)
        file = NewHarvestFile(selection.selection_id, name, "read", 1, int(kept), int(not kept))
        pictures.add_picture(app.store, _picture(app, crop, name), [(_item(app, crop), reading)], file)


def turn_until(
    app: App, supervisor: Supervisor, job_id: int, is_so: Callable[[JobView], bool], timeout_s: float = 120.0
) -> JobView:
    """Let the supervisor look again and again until the job is as wished."""
    end = time.monotonic() + timeout_s
    while True:
        supervisor.run_once(datetime.now(UTC))
        view = get_job(app, job_id)
        if is_so(view):
            return view
        if time.monotonic() > end:
            raise TimeoutError(f"job {job_id} is still {view.state} ({view.phase}: {view.message})")
        time.sleep(0.05)


def is_training(view: JobView) -> bool:
    """Whether the first optimizer step was reported."""
    return view.phase == "training" and view.step >= 1


def is_finished(view: JobView) -> bool:
    """Whether the job is closed."""
    return not view.is_active


def read_log(app: App, job_id: int) -> str:
    """What the training process printed."""
    path = app.settings.runs_dir / str(job_id) / "worker.log"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def write_empty_fonts(folder: Path) -> Path:
    """A folder without fonts, so that a run renders nothing and starts quickly."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _picture(app: App, crop: np.ndarray, name: str) -> NewPicture:
    sha256 = app.store.files.add(to_png(crop))
    return NewPicture(sha256, name, "crop", 100, crop.shape[0], crop.shape[1], "ana")


def _item(app: App, crop: np.ndarray) -> NewItem:
    sha256 = app.store.files.add(encode_png(crop))
    return NewItem(0, CORNERS, 1.0, 0.0, "Latin", sha256, crop.shape[:2], compute_perceptual_hash(crop))


def save_constant_recognizer(directory: Path) -> Path:
    """Weights that read "B" in every crop, and after a few steps of training on "A" read "A" in every crop."""
    path = save_tiny_recognizer(directory, version="1")
    card = load_card(path)
    tensors = load_tensors(path, card)
    letters = {letter: PRINTABLE_ASCII.index(letter) + 1 for letter in "AB"}
    tensors["head.weight"].mul_(1e-6)
    tensors["head.bias"].fill_(-5.0)
    tensors["head.bias"][letters["A"]] = 0.0
    tensors["head.bias"][letters["B"]] = 0.0003
    return save_weights(directory, "recognizer", tensors, card)
