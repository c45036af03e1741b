"""Two checkpoints side by side on the same frozen sets: numbers, and the crops that were fixed or broken."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage import checkpoints as storage
from storage.checkpoints import CheckpointRecord
from storage.errors import MissingRowError
from textrec_app.data.anchor import load_anchor
from textrec_app.errors import ConflictError, InputError, NotFoundError
from textrec_app.evaluation.gate import AGREEMENT, LABELS
from textrec_app.evaluation.gate_changes import compute_belief, tell_likelier
from textrec_app.evaluation.gate_words import explain_belief
from textrec_app.services.active_weights import find_active_weights, resolve_path
from textrec_app.services.checkpoints import CheckpointView, check_weights, get_checkpoint, get_record
from textrec_app.services.context import App
from textrec_app.services.gating import (
    ANCHOR_PATH,
    ENOUGH_LABELS,
    FrozenSet,
    SetReadings,
    build_agreement_set,
    build_anchor_set,
    build_label_set,
    is_right,
    judge_readings,
    judgement_to_dict,
    list_rereads,
    read_sets,
    readings_from_json,
    readings_to_json,
)
from textrec_app.services.snapshots import get_run_dir, plan_current_items
from textrec_app.training.manifest import AGREEMENT as AGREEMENT_SPLIT
from textrec_app.training.manifest import GATE_FILE, VALIDATION, ManifestItem, write_whole

logger = logging.getLogger(__name__)

MAX_EXAMPLES = 24
READING_FORM = "2"  # readings kept in an older form are made anew


@dataclass(frozen=True)
class Example:
    """A crop that only one of two checkpoints reads right, or one without a label that they read differently.

    Attributes:
        source: "labels" or "agreement" (key is the crop's SHA-256) or "anchor" (key is its place in the zip).
        text: what it says; empty where nobody said.
        before: what the left checkpoint reads; `after` the right one.
        likelier: without a label, which reading is: "after", "before", or "" where that is open.
        why: without a label, one sentence on that.
    """

    source: str
    key: str
    text: str
    before: str
    after: str
    likelier: str = ""
    why: str = ""


@dataclass(frozen=True)
class Changes:
    """Crops that two checkpoints read differently.

    Attributes:
        fixed: crops with a label that only the right checkpoint reads correctly; `broken`: only the left one.
        changed: crops without a label that are read differently, the clearest first.
        n_compared: crops without a label that both read.
    """

    fixed: list[Example] = field(default_factory=list)
    broken: list[Example] = field(default_factory=list)
    changed: list[Example] = field(default_factory=list)
    n_fixed: int = 0
    n_broken: int = 0
    n_changed: int = 0
    n_compared: int = 0


@dataclass(frozen=True)
class Comparison:
    """Left against right.

    Attributes:
        sets: for each frozen set `name`, `n`, `before` (left), `after` (right), `delta`, `ci_low`, `ci_high`.
        slices: the same for kinds of words; their names begin with the set's.
        verdict: what the gate would say if right were the candidate: "promoted" or "rejected", with `reasons`, `gains`.
        checks: what the gate looked at in crops without labels: `name`, `passed`, `value`, `limit`, `sentence`.
        fixed, broken, changed: see `Changes`; at most 24 of each.
    """

    left: str
    right: str
    sets: list[dict[str, Any]]
    slices: list[dict[str, Any]]
    verdict: str
    reasons: list[str]
    gains: list[str]
    fixed: list[Example]
    broken: list[Example]
    n_fixed: int
    n_broken: int
    changed: list[Example] = field(default_factory=list)
    n_changed: int = 0
    n_compared: int = 0
    checks: list[dict[str, Any]] = field(default_factory=list)


def compare(app: App, left: str, right: str) -> Comparison:
    """Let two checkpoints read the same frozen sets, as they are now; a second call answers from a file.

    Raises:
        NotFoundError: there is no such checkpoint.
        InputError: they are not both recognizers.
        WeightsError: weights are missing or altered.
    """
    readings = _read(app, get_record(app, left), get_record(app, right))
    found = judgement_to_dict(judge_readings(readings))
    changes = list_changes(readings)
    return Comparison(
        left=left,
        right=right,
        sets=found["sets"],
        slices=found["slices"],
        verdict=found["verdict"],
        reasons=found["reasons"],
        gains=found["gains"],
        checks=found["checks"],
        **vars(changes),
    )


def judge_checkpoint(app: App, name: str, who: str) -> CheckpointView:
    """Let the gate judge a candidate that did not come out of a job here, such as one that was pulled.

    Raises:
        NotFoundError: there is no such checkpoint, or nothing to compare it with.
        ConflictError: it is in use.
    """
    record = get_record(app, name)
    active = find_active_weights(app.store, app.settings, record.task)
    if active is None:
        raise NotFoundError(f"no {record.task} is in use to compare {name} with; promote it with overrule")
    if active.name == name:
        raise ConflictError(f"{name} is in use; there is nothing to judge")
    gate = judgement_to_dict(judge_readings(_read(app, get_record(app, active.name), record)))
    state = record.state if gate["verdict"] == "promoted" or record.state != "candidate" else "rejected"
    storage.set_checkpoint_state(app.store, name, state, gate | {"against": active.name, "judged_by": who})
    return get_checkpoint(app, name)


def list_changes(readings: Sequence[SetReadings]) -> Changes:
    """Crops that the candidate fixed, broke, or reads differently without anybody knowing the truth.

    Labels come before anchor words; of crops without labels the clearest changes first. At most 24 of each.
    """
    fixed: list[Example] = []
    broken: list[Example] = []
    changed: list[Example] = []
    for item in readings:
        if item.name == AGREEMENT:
            changed += _list_unlabeled(item)
            continue
        for key, text, before, after in zip(item.keys, item.texts, item.before, item.after, strict=True):
            was_right, is_now_right = is_right(text, before[0]), is_right(text, after[0])
            if was_right != is_now_right:
                example = Example(item.name, key, text, before[0], after[0])
                (fixed if is_now_right else broken).append(example)
    return Changes(
        fixed=fixed[:MAX_EXAMPLES],
        broken=broken[:MAX_EXAMPLES],
        changed=changed[:MAX_EXAMPLES],
        n_fixed=len(fixed),
        n_broken=len(broken),
        n_changed=len(changed),
        n_compared=sum(len(item.keys) for item in readings if item.name == AGREEMENT),
    )


def list_job_changes(app: App, job_id: int) -> Changes:
    """What a finished run changed, from what both models read at its end; empty where that is not there or damaged."""
    path = get_run_dir(app, job_id) / GATE_FILE
    try:
        return list_changes(readings_from_json(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Changes()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("%s cannot be read: %s", path, error)
        return Changes()


def _list_unlabeled(item: SetReadings) -> list[Example]:
    found = []
    for key, crop in zip(item.keys, list_rereads(item), strict=True):
        if crop.is_changed:
            belief = compute_belief(crop)
            example = Example(AGREEMENT, key, "", *crop.texts, tell_likelier(belief), explain_belief(crop, belief))
            found.append((abs(belief - 0.5), example))
    return [example for _, example in sorted(found, key=lambda pair: -pair[0])]


def read_example(app: App, example: Example) -> bytes:
    """The picture file of an example.

    Raises:
        NotFoundError: it is not there any more.
    """
    if example.source in (LABELS, AGREEMENT):
        try:
            return app.store.files.read(example.key)
        except MissingRowError as error:
            raise NotFoundError(f"There is no picture of this word: {error}.") from error
    for word in load_anchor(ANCHOR_PATH):
        if word.name == example.key:
            return word.data
    raise NotFoundError(f"{example.key} is not among the anchor words")


def _read(app: App, left: CheckpointRecord, right: CheckpointRecord) -> list[SetReadings]:
    for record in (left, right):
        if record.task != "recognizer":
            raise InputError(f"{record.name} is a {record.task}; only recognizers can be compared here")
        check_weights(app, record)
    planned = plan_current_items(app)
    sets = _build_sets(app, planned)
    cache = app.settings.data_dir / "comparisons" / f"{_fingerprint(sets, left, right)}.json"
    if cache.is_file():
        return readings_from_json(cache.read_text(encoding="utf-8"))
    paths = [resolve_path(app.settings, record) for record in (left, right)]
    readings = read_sets(sets, paths[0], paths[1], app.settings.device, items=planned)
    cache.parent.mkdir(parents=True, exist_ok=True)
    write_whole(cache, readings_to_json(readings))
    return readings


def _build_sets(app: App, planned: Sequence[ManifestItem]) -> list[FrozenSet]:
    pictures: Path = app.store.files.directory
    labels = [item for item in planned if item.split == VALIDATION]
    sets = [build_label_set(labels, pictures, _never), build_anchor_set()]
    if len(labels) < ENOUGH_LABELS:
        unlabeled = [item for item in planned if item.split == AGREEMENT_SPLIT]
        sets.append(build_agreement_set(unlabeled, pictures, _never))
    return sets


def _never() -> None:
    return None


def _fingerprint(sets: Sequence[FrozenSet], left: CheckpointRecord, right: CheckpointRecord) -> str:
    parts = [READING_FORM, left.sha256, right.sha256, *(repr((item.name, item.keys, item.texts)) for item in sets)]
    return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()
