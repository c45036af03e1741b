"""Review that leads where it pays: what a decision is expected to teach, look-alikes, and why an item comes now."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage import review_order as storage
from storage.items import list_items_by_id
from storage.records import MODEL_STATUSES, ItemRecord
from storage.review_order import GroupMember, LookAlike, Rank, UnrankedItem
from textrec_app.data.near_duplicates import group_by_hash
from textrec_app.services.context import App

SLICE = 500
"""Items whose place is computed in one go, so that a page never waits long for it."""

MAX_TWINS = 12
"""Near-duplicates that are shown, and decided, together with one item."""

EMPTY_DOUBT = 0.25
REPEAT_SHARE = 0.1
MAX_COUNTED = 64
_AGREES = "_agree"


@dataclass(frozen=True)
class Twin:
    """A near-duplicate that can be decided together with an item, as the person sees it."""

    item_id: int
    version: int
    status: str
    confidence: float | None
    crop_sha256: str
    picture_name: str


@dataclass(frozen=True)
class OrderNote:
    """Why an item stands where it does, in one sentence, and what may be decided with it.

    Attributes:
        n_alike: undecided items that look and read like this one, itself included; at least 1.
        twins: the first of them, without the item itself.
    """

    why: str
    n_alike: int
    twins: tuple[Twin, ...]


def compute_doubt(text: str, confidence: float | None, evidence: Mapping[str, float] | None) -> float:
    """How little sure everything together is of a reading, 0 to 1.

    The calibrated confidence p counts as the mean of the chance of an error, 1 - p, and of the information in knowing
    the answer, the entropy of p: a reading that is nearly surely wrong is more often a crop that nobody can read. Ways
    of reading that disagree raise it. Where nothing was read the crop mostly holds nothing, and there is little doubt.

    Args:
        text: what was read.
        confidence: calibrated probability that it is right; None counts as one half.
        evidence: of the reading; its features named `…_agree` are 1 where two ways of reading agree, 0 where not.

    Source:
        Settles & Craven, EMNLP 2008, sections 3.1 (least confidence, entropy) and 3.2 (query by committee).
    """
    if not text:
        return EMPTY_DOUBT
    chance = 0.5 if confidence is None else min(max(confidence, 0.0), 1.0)
    unsure = ((1.0 - chance) + _entropy_bits(chance)) / 2.0
    votes = list_votes(evidence)
    disagreement = sum(1.0 - vote for vote in votes) / len(votes) if votes else 0.0
    return 1.0 - (1.0 - unsure) * (1.0 - disagreement / 2.0)


def compute_gain(doubt: float, n_alike: int, is_first: bool) -> float:
    """What a decision is expected to teach: doubt, times the root of how many look-alikes stand behind the item.

    Only the first of a group counts in full; the others wait behind, since the first tells most of what they would.

    Source:
        Settles & Craven, EMNLP 2008, section 3.3 (information density).
    """
    if not is_first:
        return doubt * REPEAT_SHARE
    return doubt * math.sqrt(min(max(n_alike, 1), MAX_COUNTED))


def list_votes(evidence: Mapping[str, float] | None) -> list[float]:
    """How far the ways of reading agree, one number from 0 to 1 for each that was tried."""
    return [min(max(value, 0.0), 1.0) for name, value in (evidence or {}).items() if name.endswith(_AGREES)]


def refresh_order(app: App, limit: int | None = None) -> int:
    """Compute the place of the items that were read anew, with their groups of look-alikes; cheap where there are none.

    Args:
        app: the opened application.
        limit: at most about so many items; None computes all.

    Returns:
        The number of items that were placed.
    """
    placed = 0
    while limit is None or placed < limit:
        fresh = storage.list_unranked(app.store, SLICE if limit is None else min(SLICE, limit - placed))
        if not fresh:
            break
        _place(app, fresh)
        placed += len(fresh)
        if len(fresh) < SLICE:
            break
    return placed


def explain_items(app: App, item_ids: Sequence[int]) -> dict[int, OrderNote]:
    """Why each of these items comes when it does, and its near-duplicates that nobody decided on."""
    records = list_items_by_id(app.store, item_ids)
    open_records = [record for record in records if record.look_group and record.status in MODEL_STATUSES]
    keys = {record.item_id: (record.look_group or "", record.model_text or "") for record in open_records}
    alike: dict[tuple[str, str], list[LookAlike]] = defaultdict(list)
    for found in storage.list_alike(app.store, list(keys.values()), MAX_TWINS + 1):
        alike[found.look_group, found.text].append(found)
    return {record.item_id: _note(record, alike.get(keys.get(record.item_id, ("", "")), [])) for record in records}


def explain(text: str, confidence: float | None, evidence: Mapping[str, float] | None, n_alike: int) -> str:
    """One sentence on what makes a decision on this item worth its time."""
    reasons = []
    if n_alike > 1:
        others = n_alike - 1
        reasons.append(f"{others} more {'crop looks' if others == 1 else 'crops look'} like this one")
    votes = list_votes(evidence)
    against = sum(vote < 0.5 for vote in votes)
    if against:
        reasons.append(f"{against} of {len(votes)} other ways of reading {'disagrees' if against == 1 else 'disagree'}")
    if not text:
        reasons.append("nothing was read here")
    elif not against or n_alike == 1:
        reasons.append(_describe_confidence(confidence))
    sentence = ", and ".join(reasons[:2])
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _describe_confidence(confidence: float | None) -> str:
    if confidence is None:
        return "no model has read it"
    if confidence < 0.2:
        return "the model is probably wrong here"
    if confidence < 0.8:
        return "the model wavers here"
    return "the model is nearly sure" if confidence < 0.97 else "the model is sure"


def _note(record: ItemRecord, alike: Sequence[LookAlike]) -> OrderNote:
    n_alike = alike[0].n_alike if alike else 1
    why = explain(record.model_text or "", record.confidence, record.evidence, n_alike)
    others = [found for found in alike if found.item_id != record.item_id][:MAX_TWINS]
    return OrderNote(why, n_alike, tuple(_to_twin(found) for found in others))


def _to_twin(found: LookAlike) -> Twin:
    return Twin(
        item_id=found.item_id,
        version=found.version,
        status=found.status,
        confidence=found.confidence,
        crop_sha256=found.crop_sha256,
        picture_name=found.picture_name,
    )


def _place(app: App, fresh: Sequence[UnrankedItem]) -> None:
    groups = _find_groups(app, fresh)
    doubts = {item.item_id: compute_doubt(item.text, item.confidence, item.evidence) for item in fresh}
    new = [
        GroupMember(item.item_id, item.reading_id, groups[item.item_id], item.text, doubts[item.item_id], None)
        for item in fresh
    ]
    known = storage.list_members(app.store, sorted(set(groups.values())))
    old = [member for member in known if member.doubt is not None and member.item_id not in doubts]
    storage.save_ranks(app.store, list(_rank(old + new)))


def _find_groups(app: App, fresh: Sequence[UnrankedItem]) -> dict[int, str]:
    """The group of each item: the founder that it looks most like; it founds one where it looks like none."""
    found = {item.item_id: item.look_group or f"#{item.item_id}" for item in fresh}
    lonely = [item for item in fresh if not item.look_group and item.perceptual_hash]
    if lonely:
        founders = [founder for founder in storage.list_founders(app.store) if not founder.startswith("#")]
        joined = group_by_hash([item.perceptual_hash for item in lonely], founders=founders)
        found |= {item.item_id: group for item, group in zip(lonely, joined, strict=True)}
    return found


def _rank(members: Iterable[GroupMember]) -> Iterable[Rank]:
    """Places of those members whose gain changes: of each look and text the one in most doubt is the first."""
    clusters: dict[tuple[str, str], list[GroupMember]] = defaultdict(list)
    for member in members:
        clusters[member.look_group, member.text].append(member)
    for (group, _), cluster in clusters.items():
        first = max(cluster, key=lambda member: (member.doubt or 0.0, -member.item_id))
        for member in cluster:
            gain = compute_gain(member.doubt or 0.0, len(cluster), member is first)
            if member.gain != gain:
                yield Rank(member.item_id, member.reading_id, group, member.doubt or 0.0, gain)


def _entropy_bits(chance: float) -> float:
    if chance <= 0.0 or chance >= 1.0:
        return 0.0
    return -(chance * math.log2(chance) + (1.0 - chance) * math.log2(1.0 - chance))
