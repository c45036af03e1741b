"""Example crops of what a harvest kept and of each reason for which the rest waits, for people to look at."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage import items
from storage.errors import MissingRowError
from storage.records import MODEL_STATUSES, ItemRecord
from textrec_app.services.context import App
from textrec_app.services.selection import confidence_view, explain_waiting, is_kept

KEPT = "kept"
MAX_PER_GROUP = 8
MAX_TEXT_LENGTH = 80


@dataclass(frozen=True)
class Sample:
    """One harvested crop with what was read in it.

    Attributes:
        crop_sha256: names the crop in the file store.
        text: the reading, cut at 80 characters.
        confidence: calibrated, in [0, 1].
    """

    item_id: int
    crop_sha256: str
    text: str
    confidence: float


@dataclass(frozen=True)
class SampleGroup:
    """Readings that share a fate.

    Attributes:
        reason: "kept", or why these wait, in words.
        n: how many there are in all.
        samples: some of them: of the kept ones the least sure, of the waiting ones the surest.
    """

    reason: str
    n: int
    samples: tuple[Sample, ...]


def list_sample_groups(app: App, min_precision: float, per_group: int = MAX_PER_GROUP) -> tuple[SampleGroup, ...]:
    """Sort the readings that nobody decided on by fate: what is kept first, then the reasons for waiting by number.

    The samples are those next to the line between kept and waiting, because there a look tells most.

    Args:
        app: the opened application.
        min_precision: the precision wished for; nothing changes in the store.
        per_group: samples in each group, at most.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    threshold = confidence_view(app, min_precision).threshold
    groups: dict[str, list[ItemRecord]] = {}
    for item in items.list_items(app.store, MODEL_STATUSES):
        if item.model_text is not None:
            groups.setdefault(_find_fate(item, threshold), []).append(item)
    kept = groups.pop(KEPT, [])
    found = [_build_group(reason, members, per_group, surest_first=True) for reason, members in groups.items()]
    found.sort(key=lambda group: (-group.n, group.reason))
    return ((_build_group(KEPT, kept, per_group, surest_first=False),) if kept else ()) + tuple(found)


def find_sample_crop(app: App, sample: Sample) -> bytes | None:
    """The picture file of a sample, None where it is gone."""
    try:
        return app.store.files.read(sample.crop_sha256)
    except MissingRowError:
        return None


def _find_fate(item: ItemRecord, threshold: float) -> str:
    text = item.model_text or ""
    confidence = (item.confidence or 0.0) if text else 0.0
    if is_kept(text, confidence, threshold):
        return KEPT
    return explain_waiting(item.evidence, confidence, threshold)


def _build_group(reason: str, members: Iterable[ItemRecord], limit: int, surest_first: bool) -> SampleGroup:
    """A group; of several readings of one text only the first is shown, as long as there are others."""
    ordered = sorted(members, key=lambda item: (item.confidence or 0.0, item.item_id), reverse=surest_first)
    seen: set[str] = set()
    first: list[ItemRecord] = []
    again: list[ItemRecord] = []
    for item in ordered:
        text = item.model_text or ""
        (again if text in seen else first).append(item)
        seen.add(text)
    return SampleGroup(reason, len(ordered), tuple(_to_sample(item) for item in (*first, *again)[:limit]))


def _to_sample(item: ItemRecord) -> Sample:
    text = (item.model_text or "")[:MAX_TEXT_LENGTH]
    return Sample(item.item_id, item.crop_sha256, text, item.confidence or 0.0)
