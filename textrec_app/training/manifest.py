"""What a training run is given: a frozen list of crops, and the settings of the run.

Both are JSON files in the run's folder. The process that trains reads them and nothing else.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textrec_app.errors import InputError

HUMAN, PSEUDO, UNSURE, NOBODY = "human", "pseudo", "unsure", "none"
TRAIN, SELECTION, VALIDATION, AGREEMENT = "train", "selection", "validation", "agreement"

MANIFEST_FILE = "manifest.json"
CONFIG_FILE = "config.json"
PROGRESS_FILE = "progress.jsonl"
CANCEL_FILE = "cancel"
BEAT_FILE = "beat"
OUTCOME_FILE = "outcome.json"
GATE_FILE = "gate.json"
LOG_FILE = "worker.log"


@dataclass(frozen=True)
class ManifestItem:
    """One crop as it was when the snapshot was frozen.

    Attributes:
        path: of the picture file, relative to the pictures folder; its content is named by `crop_sha256`.
        source: who gave the text: "human", "pseudo" (a model, sure enough to be kept), "unsure" (a model; it waits for
            review) or "none".
        split: "train"; "selection" (chooses among the run's own states), "validation" (human labels) or "agreement"
            (crops without a label), which are never trained on.
        group: near-duplicates have the same one, and so the same split.
        weight: in the loss.
    """

    item_id: int
    version: int
    crop_sha256: str
    path: str
    text: str
    source: str
    split: str
    group: str
    weight: float = 1.0
    confidence: float | None = None


@dataclass(frozen=True)
class Manifest:
    """A snapshot of what can be learned from and compared on."""

    job_id: int
    created_utc: str
    items: tuple[ManifestItem, ...]

    def select(self, split: str, source: str | None = None) -> list[ManifestItem]:
        """The items of one split, in order; of one source if given."""
        return [item for item in self.items if item.split == split and source in (None, item.source)]

    def counts(self) -> dict[str, int]:
        """How many items there are of each kind."""
        return {
            "train_human": len(self.select(TRAIN, HUMAN)),
            "train_pseudo": len(self.select(TRAIN, PSEUDO)),
            "train_unsure": len(self.select(TRAIN, UNSURE)),
            "selection": len(self.select(SELECTION)),
            "validation": len(self.select(VALIDATION)),
            "agreement": len(self.select(AGREEMENT)),
        }

    def to_json(self) -> str:
        """The exact text that is written and hashed."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True) + "\n"

    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.to_json().encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class RunConfig:
    """Settings of one run.

    Attributes:
        minutes: length of the schedule; None follows the recipe's steps.
        base_weights: absolute path of the weights in use, which training begins from and is compared with.
        pictures_dir: absolute folder that the manifest's paths count from.
        fonts_dir: folder of fonts for rendered words; None takes the system's.
    """

    job_id: int
    recipe: str
    seed: int
    base_name: str
    base_weights: str
    candidate: str
    pictures_dir: str
    manifest_sha256: str
    minutes: float | None = None
    device: str = "auto"
    cpu_threads: int | None = None
    fonts_dir: str | None = None


def save_run(run_dir: Path, manifest: Manifest, config: RunConfig) -> None:
    """Write both files; the config comes last, so where it is, the run is whole."""
    run_dir.mkdir(parents=True, exist_ok=True)
    write_whole(run_dir / MANIFEST_FILE, manifest.to_json())
    write_whole(run_dir / CONFIG_FILE, json.dumps(asdict(config), ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def load_config(run_dir: Path) -> RunConfig:
    """Read the settings of a run.

    Raises:
        InputError: the folder is no run.
    """
    try:
        return RunConfig(**json.loads((run_dir / CONFIG_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{run_dir} holds no run that can be read ({error}); request the retraining anew") from error


def load_manifest(run_dir: Path, expected_sha256: str) -> Manifest:
    """Read the frozen list.

    Raises:
        InputError: it is missing or is not what was frozen.
    """
    try:
        text = (run_dir / MANIFEST_FILE).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the run has no manifest ({error}); request the retraining anew") from error
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != expected_sha256:
        raise InputError("the manifest was changed after it was frozen; request the retraining anew")
    data: dict[str, Any] = json.loads(text)
    items = tuple(ManifestItem(**item) for item in data["items"])
    return Manifest(data["job_id"], data["created_utc"], items)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
