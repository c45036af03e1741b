"""The weights that the store points to, and those that come with the program."""

from dataclasses import asdict, dataclass
from pathlib import Path

from models.weights import PRETRAINED_DIR, WeightCard, card_path, compute_sha256, copy_weights, load_card
from storage import checkpoints as storage
from storage.base import Store
from storage.checkpoints import CheckpointRecord, NewCheckpoint, Switch
from textrec_app.settings import Settings

TASKS = ("recognizer", "detector")
PROGRAM = "TextRec"


@dataclass(frozen=True)
class ActiveWeights:
    """The weights in use for a task; `pointer_version` rises with every switch, also backwards."""

    task: str
    name: str
    version: str
    sha256: str
    path: Path
    pointer_version: int


@dataclass(frozen=True)
class Registration:
    """How weights become known: under which name, where they lie, as what, from where and by whom.

    Attributes:
        path: absolute, or relative to the data directory.
    """

    name: str
    path: str
    state: str
    origin: str
    who: str


def register_shipped(store: Store, settings: Settings, directory: Path = PRETRAINED_DIR) -> None:
    """Make the weights that come with the program known, and put them in use where nothing else is.

    Of each task those named after it are put in use; others of the task are there to be chosen. All are copied to the
    other checkpoints, because the next upgrade replaces them and a rollback needs them again. After an upgrade of the
    program a pointer that stood on older shipped weights moves to the new ones; weights that were trained or pulled
    here, or chosen by a person, stay in use.
    """
    for path in sorted(directory.glob("*.safetensors")):
        if not card_path(path).is_file() or (card := load_card(path)).task not in TASKS:
            continue
        name = f"{path.stem}-shipped-{card.sha256[:8]}"
        kept = _keep_shipped(path, card, settings.checkpoints_dir, name)
        place = kept.resolve().relative_to(settings.data_dir.resolve()).as_posix()
        record = register(store, card, Registration(name, place, "shipped", "shipped", PROGRAM))
        if record.origin == "shipped" and record.path != place:
            storage.set_checkpoint_path(store, record.name, place)
        if path.stem == card.task:
            _put_in_use(store, record)


def _put_in_use(store: Store, record: CheckpointRecord) -> None:
    """Point to shipped weights where nothing is in use, or what an older program put in use itself."""
    pointer = storage.find_pointer(store, record.task)
    if pointer is None:
        storage.switch_pointer(store, Switch(record.name, "first", PROGRAM))
        return
    is_own = pointer.checkpoint.origin == "shipped" and pointer.changed_by == PROGRAM
    if is_own and pointer.checkpoint.name != record.name:
        storage.switch_pointer(store, Switch(record.name, "upgrade", PROGRAM, "came with the program"))


def _keep_shipped(path: Path, card: WeightCard, directory: Path, name: str) -> Path:
    kept = directory / f"{name}.safetensors"
    is_whole = kept.is_file() and card_path(kept).is_file() and compute_sha256(kept) == card.sha256
    return kept if is_whole and load_card(kept) == card else copy_weights(path, directory, name)


def find_active_weights(store: Store, settings: Settings, task: str) -> ActiveWeights | None:
    """The weights in use for a task, None where there are none."""
    pointer = storage.find_pointer(store, task)
    if pointer is None:
        return None
    record, path = pointer.checkpoint, resolve_path(settings, pointer.checkpoint)
    return ActiveWeights(task, record.name, record.version, record.sha256, path, pointer.version)


def resolve_path(settings: Settings, record: CheckpointRecord) -> Path:
    """Where the weights of a checkpoint lie, absolute."""
    return (settings.data_dir / record.path).resolve()


def register(store: Store, card: WeightCard, registration: Registration) -> CheckpointRecord:
    """Make weights known; the same weights a second time give the row that is there.

    Raises:
        StoreError: the name belongs to other weights.
    """
    return storage.add_checkpoint(
        store,
        NewCheckpoint(
            name=registration.name,
            version=card.version,
            task=card.task,
            sha256=card.sha256,
            path=registration.path,
            state=registration.state,
            origin=registration.origin,
            created_by=registration.who,
            parent=card.parent,
            metrics=card.metrics,
            card=asdict(card),
        ),
    )
