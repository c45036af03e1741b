"""Checkpoints and the pointers to those in use."""

from pathlib import Path

import pytest

from storage import checkpoints
from storage.base import Store
from storage.checkpoints import NewCheckpoint, Switch
from storage.errors import MissingRowError, StoreError
from tests.support.rows import open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(tmp_path)
    for name in "abc":
        checkpoints.add_checkpoint(opened, make_new(name))
    return opened


def make_new(name: str, task: str = "recognizer", state: str = "candidate") -> NewCheckpoint:
    return NewCheckpoint(
        name=name,
        version="1",
        task=task,
        sha256=name * 64,
        path=f"checkpoints/{name}.safetensors",
        state=state,
        origin="job 1",
        created_by="ana",
        card={"charset": "aé日"},
    )


def use(store: Store, name: str, action: str = "promote") -> int:
    return checkpoints.switch_pointer(store, Switch(name, action, "ana")).version


def active(store: Store) -> str:
    pointer = checkpoints.find_pointer(store, "recognizer")
    assert pointer is not None
    return pointer.checkpoint.name


def test_the_same_weights_are_known_once(store: Store) -> None:
    again = checkpoints.add_checkpoint(store, make_new("a"))
    assert again.card == {"charset": "aé日"}
    assert len(checkpoints.list_checkpoints(store, "recognizer")) == 3
    other = NewCheckpoint(**{**vars(make_new("a")), "sha256": "9" * 64})
    with pytest.raises(StoreError, match="exists already with other weights"):
        checkpoints.add_checkpoint(store, other)


def test_rollback_goes_back_step_by_step_and_its_history_stays(store: Store) -> None:
    versions = [use(store, "a", "first"), use(store, "b"), use(store, "c")]
    assert versions == [1, 2, 3]

    assert checkpoints.roll_back_pointer(store, "recognizer", "ben").checkpoint.name == "b"
    assert checkpoints.get_earlier(store, "recognizer").name == "a"
    assert checkpoints.roll_back_pointer(store, "recognizer", "ben").version == 5
    with pytest.raises(StoreError, match="no earlier recognizer"):
        checkpoints.roll_back_pointer(store, "recognizer", "ben")
    use(store, "c")
    checkpoints.roll_back_pointer(store, "recognizer", "ben")

    assert active(store) == "a"
    switches = checkpoints.list_switches(store, "recognizer")
    assert [(switch.action, switch.from_name, switch.to_name) for switch in switches] == [
        ("first", None, "a"),
        ("promote", "a", "b"),
        ("promote", "b", "c"),
        ("rollback", "c", "b"),
        ("rollback", "b", "a"),
        ("promote", "a", "c"),
        ("rollback", "c", "a"),
    ]


def test_switching_to_what_is_in_use_changes_nothing(store: Store) -> None:
    use(store, "a", "first")
    assert use(store, "a") == 1
    assert len(checkpoints.list_switches(store, "recognizer")) == 1


def test_what_goes_out_of_use_is_retired_unless_shipped(store: Store) -> None:
    checkpoints.add_checkpoint(store, make_new("d", state="shipped"))
    for name in ("d", "a", "b"):
        use(store, name)
    states = {record.name: record.state for record in checkpoints.list_checkpoints(store, "recognizer")}
    assert states == {"a": "retired", "b": "candidate", "c": "candidate", "d": "shipped"}


def test_tasks_have_pointers_of_their_own(store: Store) -> None:
    checkpoints.add_checkpoint(store, make_new("e", task="detector"))
    use(store, "a")
    use(store, "e")
    assert active(store) == "a"
    assert checkpoints.find_pointer(store, "glyph") is None
    with pytest.raises(MissingRowError, match="no checkpoint is named x"):
        use(store, "x")
