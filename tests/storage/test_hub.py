"""The Hub's real client against a server of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.hub import Hub, HubError, Publication, StaleParentError
from tests.support.hub_server import HubState, run_hub_server

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


def make_publication(text: bytes = b"weights", parent: str | None = None) -> Publication:
    return Publication(REPO, {"recognizer.safetensors": text, "recognizer.json": b"{}"}, "first", parent)


def test_what_is_published_in_one_commit_is_fetched_by_its_hash(hub: Hub, server: HubState) -> None:
    commit = hub.publish(make_publication())
    hub.publish(make_publication(b"newer weights"))

    weights, card = hub.fetch(REPO, commit, ["recognizer.safetensors", "recognizer.json"])

    assert weights.read_bytes() == b"weights"
    assert card.read_bytes() == b"{}"
    assert hub.resolve(REPO, commit[:10]) == commit
    assert hub.resolve(REPO, "main") == server.repositories[REPO].commits[-1].sha != commit
    assert len(server.repositories[REPO].commits) == 3  # the empty first one and one for each publication


def test_a_publication_on_a_stale_parent_is_refused_and_changes_nothing(hub: Hub, server: HubState) -> None:
    parent = hub.publish(make_publication())
    newest = hub.publish(make_publication(b"somebody else", parent))

    with pytest.raises(StaleParentError, match="pull it, compare, then push again"):
        hub.publish(make_publication(b"mine", parent))

    assert server.repositories[REPO].commits[-1].sha == newest


def test_fetched_files_are_there_without_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with run_hub_server() as state:
        hub = Hub(state.endpoint, token="hf_made_up", cache_dir=tmp_path / "cache")
        commit = hub.publish(make_publication())
        hub.fetch(REPO, commit, ["recognizer.safetensors"])

    (weights,) = hub.fetch(REPO, commit, ["recognizer.safetensors"])

    assert weights.read_bytes() == b"weights"
    with pytest.raises(HubError, match="cannot be reached"):
        hub.resolve(REPO, "main")
    with pytest.raises(HubError, match="cannot be reached"):
        hub.fetch(REPO, commit, ["recognizer.json"])


def test_each_refusal_is_a_sentence(hub: Hub, server: HubState) -> None:
    commit = hub.publish(make_publication())
    with pytest.raises(HubError, match="no model repository ana/nothing"):
        hub.resolve("ana/nothing")
    with pytest.raises(HubError, match="no such revision"):
        hub.resolve(REPO, "v9")
    with pytest.raises(HubError, match="lacks a file"):
        hub.fetch(REPO, commit, ["detector.json"])
    with pytest.raises(HubError, match="no repository name"):
        hub.resolve("not a name")
    with pytest.raises(HubError, match="no full commit hash"):
        hub.fetch(REPO, "main", ["recognizer.json"])
    server.failures = {"/commit/": 403}
    with pytest.raises(HubError, match="may not do that"):
        hub.publish(make_publication())
