"""Shipped weights, altered weights, pushing and pulling."""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.weights import copy_weights, load_card, save_card
from storage.checkpoints import set_checkpoint_path
from storage.hub import Hub
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.hub_server import HubState, run_hub_server
from tests.support.retraining import add_labels
from tests.support.rows import place_empty_store
from textrec_app.errors import ConflictError, InputError, NotFoundError, TextRecError, WeightsError
from textrec_app.services.active_weights import register_shipped
from textrec_app.services.checkpoints import (
    add_candidate,
    get_active,
    get_checkpoint,
    import_weights,
    list_checkpoints,
    list_history,
    promote,
    rollback,
)
from textrec_app.services.comparing import judge_checkpoint
from textrec_app.services.context import App, open_app
from textrec_app.services.publishing import pull, push
from textrec_app.settings import Settings

REPO = "ana/street-reader"

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # inside the Hub's own client


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubState]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with run_hub_server() as state:
        yield state


@pytest.fixture
def hub(server: HubState, tmp_path: Path) -> Hub:
    return Hub(server.endpoint, token="hf_made_up", cache_dir=tmp_path / "cache")


def add_another(app: App, directory: Path, seed: int = 5) -> str:
    weights = save_tiny_recognizer(directory, seed=seed)
    target = copy_weights(weights, app.settings.checkpoints_dir, f"another-{seed}")
    return add_candidate(app, target, f"another-{seed}", "job 9", "ana").name


def test_shipped_weights_are_registered_once_and_follow_an_upgrade(app: App, tmp_path: Path) -> None:
    shipped = get_active(app)
    assert (shipped.state, shipped.origin) == ("active", "shipped")
    newer = save_tiny_recognizer(tmp_path / "newer", seed=6)
    register_shipped(app.store, app.settings, newer.parent)
    register_shipped(app.store, app.settings, newer.parent)

    active = get_active(app)
    assert active.sha256 == load_card(newer).sha256
    assert [switch.action for switch in list_history(app)] == ["first", "upgrade"]
    assert app.models.get_active().checkpoint.sha256 == active.sha256
    assert len(list_checkpoints(app, "detector")) == 1


def test_other_shipped_weights_of_a_task_can_be_chosen_and_stay_chosen(app: App, tmp_path: Path) -> None:
    program = tmp_path / "program"
    first = save_tiny_recognizer(program, seed=6)
    copy_weights(save_tiny_recognizer(tmp_path / "plain", seed=7), program, "recognizer_plain")
    register_shipped(app.store, app.settings, program)
    assert get_active(app).sha256 == load_card(first).sha256
    plain = next(item for item in list_checkpoints(app) if item.name.startswith("recognizer_plain-shipped-"))
    promote(app, plain.name, "ana", overrule=True)
    register_shipped(app.store, app.settings, program)  # the program starts again
    assert get_active(app).name == plain.name


def test_an_upgrade_that_replaces_the_shipped_files_can_be_rolled_back(tmp_path: Path, tiny_weights: Path) -> None:
    program, settings = tmp_path / "program", Settings(data_dir=tmp_path / "data", device="cpu")
    shutil.copytree(tiny_weights, program)
    place_empty_store(settings.data_dir)
    open_app(settings, program).close()
    save_tiny_recognizer(program, seed=6)
    upgraded = open_app(settings, program)
    assert [switch.action for switch in list_history(upgraded)] == ["first", "upgrade"]
    assert rollback(upgraded, "ana").sha256 == load_card(tiny_weights / "recognizer.safetensors").sha256
    upgraded.close()


def test_a_shipped_copy_that_was_damaged_or_has_an_old_card_is_made_anew(app: App, tiny_weights: Path) -> None:
    kept, whole = get_active(app).path, get_active(app).path.read_bytes()
    assert kept.parent == app.settings.checkpoints_dir.resolve()
    kept.write_bytes(whole[:-1])
    save_card(kept, dataclasses.replace(load_card(kept), calibration={}))
    register_shipped(app.store, app.settings, tiny_weights)
    assert kept.read_bytes() == whole
    assert load_card(kept) == load_card(tiny_weights / "recognizer.safetensors")


def test_shipped_weights_that_an_earlier_upgrade_replaced_are_told(app: App, tmp_path: Path) -> None:
    shipped = get_active(app)
    promote(app, add_another(app, tmp_path / "own"), "ana", overrule=True)
    set_checkpoint_path(app.store, shipped.name, str(save_tiny_recognizer(tmp_path / "newer", seed=6)))
    with pytest.raises(WeightsError, match="an upgrade replaced its weights"):
        rollback(app, "ana")


def test_an_upgrade_leaves_weights_that_were_trained_here_in_use(app: App, tmp_path: Path) -> None:
    name = add_another(app, tmp_path / "own")
    promote(app, name, "ana", overrule=True)
    register_shipped(app.store, app.settings, save_tiny_recognizer(tmp_path / "newer", seed=6).parent)
    assert get_active(app).name == name


def test_weights_that_nobody_judged_are_not_promoted(app: App, tmp_path: Path) -> None:
    name = add_another(app, tmp_path / "own")
    with pytest.raises(ConflictError, match="has not been compared"):
        promote(app, name, "ana")
    with pytest.raises(NotFoundError, match="no checkpoint named nothing"):
        promote(app, "nothing", "ana")
    add_labels(app, 20, "no network reads this")
    judged = judge_checkpoint(app, name, "ana")
    assert judged.state == "rejected"
    with pytest.raises(ConflictError, match="No measurable gain"):
        promote(app, name, "ana")


def test_altered_or_missing_weights_never_come_into_use(app: App, tmp_path: Path) -> None:
    before = get_active(app)
    name = add_another(app, tmp_path / "own")
    path = get_checkpoint(app, name).path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"!")
    with pytest.raises(WeightsError, match="altered on disk"):
        promote(app, name, "ana", overrule=True)
    path.unlink()
    with pytest.raises(WeightsError, match="missing"):
        promote(app, name, "ana", overrule=True)
    assert get_active(app) == before

    path.write_bytes(whole)
    promote(app, name, "ana", overrule=True)
    second = add_another(app, tmp_path / "second", seed=7)
    promote(app, second, "ana", overrule=True)
    path.unlink()
    with pytest.raises(WeightsError, match="missing"):
        rollback(app, "ana")
    assert get_active(app).name == second


def test_weights_with_an_incomplete_card_never_come_into_use(app: App, tmp_path: Path) -> None:
    before = get_active(app)
    weights = save_tiny_recognizer(tmp_path / "own", seed=5, calibration={"gamma": 0.5})
    target = copy_weights(weights, app.settings.checkpoints_dir, "incomplete")
    add_candidate(app, target, "incomplete", "job 9", "ana")
    with pytest.raises(WeightsError, match=r"card of incomplete\.safetensors is incomplete"):
        promote(app, "incomplete", "ana", overrule=True)
    assert get_active(app) == before


def test_weights_from_this_machine_become_a_candidate_once(app: App, tmp_path: Path) -> None:
    before = get_active(app)
    weights = save_tiny_recognizer(tmp_path / "own", stem="mine", seed=5)
    added = import_weights(app, weights, "ana")
    assert (added.state, added.created_by, added.origin) == ("candidate", "ana", "file:mine.safetensors")
    assert added.name == f"mine-{load_card(weights).sha256[:8]}"
    assert added.path.parent == app.settings.checkpoints_dir.resolve()
    assert import_weights(app, weights, "ben", name="again") == added
    assert get_active(app) == before
    shutil.rmtree(tmp_path / "own")
    assert promote(app, added.name, "ana", overrule=True).state == "active"


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "tab\tle", "x" * 200])
def test_a_name_that_leads_elsewhere_is_refused(app: App, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be a name"):
        import_weights(app, save_tiny_recognizer(tmp_path / "own", seed=5), "ana", name)


def test_files_that_are_no_whole_weights_are_refused_and_leave_nothing(app: App, tmp_path: Path) -> None:
    there = sorted(app.settings.checkpoints_dir.iterdir())
    with pytest.raises(InputError, match="no file"):
        import_weights(app, tmp_path / "gone.safetensors", "ana")
    altered = save_tiny_recognizer(tmp_path / "own", stem="altered", seed=5)
    altered.write_bytes(altered.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="altered"):
        import_weights(app, altered, "ana")
    taken = list_checkpoints(app)[0].name
    with pytest.raises(InputError, match="with other weights"):
        import_weights(app, save_tiny_recognizer(tmp_path / "other", seed=7), "ana", name=taken)
    unfit = save_tiny_recognizer(tmp_path / "unfit", seed=8, calibration={"gamma": 0.5})
    with pytest.raises(WeightsError, match="incomplete"):
        import_weights(app, unfit, "ana")
    assert sorted(app.settings.checkpoints_dir.iterdir()) == there
    assert len(list_checkpoints(app)) == 1


def test_texts_of_a_persons_pictures_are_not_pushed(app: App, tmp_path: Path, server: HubState, hub: Hub) -> None:
    weights = save_tiny_recognizer(tmp_path / "own", seed=11)
    target = copy_weights(weights, app.settings.checkpoints_dir, "own")
    save_card(target, dataclasses.replace(load_card(target), vocabulary=[["Jane Doe 4929", 3.0]]))
    name = add_candidate(app, target, "own", "job 9", "ana").name
    push(app, name, REPO, "ana", hub=hub)
    files = server.repositories[REPO].commits[-1].files
    assert json.loads(files["recognizer.json"])["vocabulary"] == []
    assert not any(b"Jane Doe" in data for data in files.values())
    assert load_card(target).vocabulary == [["Jane Doe 4929", 3.0]]  # at home it stays


def test_what_is_pushed_can_be_pulled_by_its_commit(app: App, tmp_path: Path, server: HubState, hub: Hub) -> None:
    name = add_another(app, tmp_path / "own")
    published = push(app, name, REPO, "ana", hub=hub)
    files = server.repositories[REPO].commits[-1].files
    assert server.repositories[REPO].commits[-1].sha == published.commit
    page = files["README.md"].decode()
    assert page.startswith("---\nlicense: apache-2.0\n")
    assert get_checkpoint(app, name).sha256 in page

    # The same weights come back as the checkpoint that is known already.
    assert pull(app, REPO, published.commit, "ben", hub=hub).name == name

    # Other weights, published by somebody else, become a candidate that is not in use.
    other = save_tiny_recognizer(tmp_path / "other", seed=8)
    commit = server.repositories[REPO].add(
        "other weights",
        {"recognizer.safetensors": other.read_bytes(), "recognizer.json": other.with_suffix(".json").read_bytes()},
    )
    pulled = pull(app, REPO, "main", "ben", hub=hub)
    assert (pulled.state, pulled.origin) == ("candidate", f"hub:{REPO}@{commit.sha}")
    assert pulled.sha256 == load_card(other).sha256
    assert get_active(app).name != pulled.name

    with pytest.raises(ConflictError, match="newer commit"):
        push(app, name, REPO, "ana", parent=published.commit, hub=hub)


def test_weights_from_the_hub_that_do_not_match_their_card_are_refused(
    app: App, tmp_path: Path, server: HubState, hub: Hub
) -> None:
    push(app, add_another(app, tmp_path / "own"), REPO, "ana", hub=hub)
    other = save_tiny_recognizer(tmp_path / "other", seed=8)
    server.repositories[REPO].add("swapped", {"recognizer.safetensors": other.read_bytes()})
    with pytest.raises(WeightsError, match="SHA-256"):
        pull(app, REPO, "main", "ben", hub=hub)
    card = dataclasses.asdict(load_card(other)) | {"architecture": "unheard of"}
    server.repositories[REPO].add("strange", {"recognizer.json": json.dumps(card).encode()})
    with pytest.raises(WeightsError, match="unheard of"):
        pull(app, REPO, "main", "ben", hub=hub)
    assert len(list_checkpoints(app)) == 2


def test_the_hub_out_of_reach_is_a_sentence(app: App, tmp_path: Path) -> None:
    with run_hub_server() as state:
        endpoint = state.endpoint
    hub = Hub(endpoint, token="hf_made_up", cache_dir=tmp_path / "cache")
    with pytest.raises(TextRecError, match=r"Cannot pull: the Hub cannot be reached.*try again"):
        pull(app, REPO, "main", "ana", hub=hub)
    with pytest.raises(TextRecError, match=r"Cannot push: the Hub cannot be reached"):
        push(app, get_active(app).name, REPO, "ana", hub=hub)
    with pytest.raises(InputError, match="TEXTREC_HUB_REPO"):
        pull(app, "", "main", "ana", hub=hub)
    with pytest.raises(InputError, match="'reader' is no task"):
        pull(app, REPO, "main", "ana", task="reader", hub=hub)
