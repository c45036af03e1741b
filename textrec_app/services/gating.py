"""Reading the frozen sets with two models, for the gate and for the Models tab. Opens no store."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.charset import Charset
from models.errors import WeightsError
from models.recognition.ctc import DecodedText
from models.recognition.text_network import TextNetwork
from models.weights import load_network
from textrec_app.data.anchor import load_anchor
from textrec_app.data.augment import augment_crop
from textrec_app.data.buckets import bucket_width
from textrec_app.evaluation.gate import AGREEMENT, ANCHOR, LABELS, Judgement, PairedScores, Reread, judge
from textrec_app.evaluation.gate_changes import PairScores
from textrec_app.evaluation.gate_choice import choose
from textrec_app.evaluation.gate_slices import MIN_SLICE, build_slices
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.language import find_language
from textrec_app.services.gate_witnesses import Background, GateReader, score_pairs
from textrec_app.training.manifest import HUMAN, PSEUDO, TRAIN, ManifestItem
from textrec_app.training.recognizer import read_crops
from textrec_app.training.run_pools import StoppedError, load_crops

ANCHOR_PATH = Path(__file__).parents[1] / "evaluation" / "anchor.zip"
ENOUGH_LABELS = 30
SURE_TO_REPEAT = 0.9
VIEWS = 3
VIEW_STRENGTH = 0.4

StopCheck = Callable[[], str | None]


@dataclass(frozen=True)
class FrozenSet:
    """Crops that both models read.

    Attributes:
        name: "labels", "anchor" or "agreement".
        keys: SHA-256 of each crop, or the anchor word's place in the zip.
        texts: the label of each crop; empty texts for agreement.
        kinds: the anchor word's kind; "" elsewhere.
        crops: (H, W, 3) uint8 RGB.
    """

    name: str
    keys: tuple[str, ...]
    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    crops: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class SetReadings:
    """What two models read in a frozen set: for each crop a tuple of texts, the crop itself first, then its views.

    Attributes:
        scores: of crops without labels, what speaks for either reading; empty elsewhere and in old files.
    """

    name: str
    keys: tuple[str, ...]
    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...]
    scores: tuple[PairScores, ...] = ()


@dataclass(frozen=True)
class _Look:
    """One model's readings of a set: of the crops themselves, and all texts of each crop with its views."""

    readings: list[DecodedText]
    texts: tuple[tuple[str, ...], ...]


def build_label_set(items: Sequence[ManifestItem], pictures: Path, should_stop: StopCheck) -> FrozenSet:
    """The reviewed words of the validation split."""
    pairs = list(load_crops(items, pictures, should_stop))
    keys = tuple(item.crop_sha256 for item in items)
    return FrozenSet(
        LABELS, keys, tuple(text for _, text in pairs), ("",) * len(pairs), tuple(crop for crop, _ in pairs)
    )


def build_agreement_set(items: Sequence[ManifestItem], pictures: Path, should_stop: StopCheck) -> FrozenSet:
    """Held-back crops that nobody labeled."""
    crops = tuple(crop for crop, _ in load_crops(items, pictures, should_stop))
    keys = tuple(item.crop_sha256 for item in items)
    return FrozenSet(AGREEMENT, keys, ("",) * len(crops), ("",) * len(crops), crops)


def build_anchor_set(path: Path | None = None) -> FrozenSet:
    """The anchor words that ship with the program, or those of another zip.

    Raises:
        InputError: the zip is damaged.
    """
    words = load_anchor(path or ANCHOR_PATH)
    return FrozenSet(
        ANCHOR,
        tuple(word.name for word in words),
        tuple(word.text for word in words),
        tuple(word.kind for word in words),
        tuple(load_image(word.data, word.name) for word in words),
    )


def read_sets(
    sets: Sequence[FrozenSet],
    before: Path,
    after: Path,
    device: str,
    should_stop: StopCheck = lambda: None,
    items: Sequence[ManifestItem] = (),
) -> list[SetReadings]:
    """Let the incumbent and the candidate read every set.

    Args:
        before: weights of the incumbent.
        after: weights of the candidate.
        items: what the store holds beside the sets; texts that repeat there are likelier.

    Raises:
        WeightsError: weights do not load.
        StoppedError: `should_stop` said so.
    """
    return read_candidates(sets, before, [after], device, should_stop, items)[0]


def read_candidates(
    sets: Sequence[FrozenSet],
    before: Path,
    candidates: Sequence[Path],
    device: str,
    should_stop: StopCheck = lambda: None,
    items: Sequence[ManifestItem] = (),
) -> list[list[SetReadings]]:
    """`read_sets` for several candidates; the incumbent reads once.

    Raises:
        WeightsError: weights do not load.
        StoppedError: `should_stop` said so.
    """
    used = [frozen for frozen in sets if frozen.crops]
    left = _load(before, device)
    looks = [_look(left, frozen, should_stop) for frozen in used]
    background = Background(find_language(), count_known(items))
    found = []
    for path in candidates:
        right = _load(path, device)
        readings = []
        for frozen, look in zip(used, looks, strict=True):
            other = _look(right, frozen, should_stop)
            scores: tuple[PairScores, ...] = ()
            if frozen.name == AGREEMENT:
                scores = score_pairs((left, right), frozen.crops, (look.readings, other.readings), background)
            readings.append(
                SetReadings(frozen.name, frozen.keys, frozen.texts, frozen.kinds, look.texts, other.texts, scores)
            )
        found.append(readings)
    return found


def count_known(items: Sequence[ManifestItem]) -> Counter[str]:
    """Texts of what is learned from that a person gave or a model was sure of, with how many pictures have them."""
    sure = [
        item
        for item in items
        if item.split == TRAIN
        and (item.source == HUMAN or (item.source == PSEUDO and (item.confidence or 0.0) >= SURE_TO_REPEAT))
    ]
    return Counter(item.text.strip() for item in sure)


def judge_readings(readings: Sequence[SetReadings], seed: int = 0) -> Judgement:
    """The gate's decision on what two models read."""
    crops = [crop for item in readings if item.name == AGREEMENT for crop in list_rereads(item)]
    return judge([_score(item) for item in readings], seed, crops)


def list_rereads(readings: SetReadings) -> list[Reread]:
    """The crops of a set as the gate looks at them where there are no labels."""
    scores = readings.scores or (None,) * len(readings.keys)
    return [Reread(*three) for three in zip(readings.before, readings.after, scores, strict=True)]


@dataclass(frozen=True)
class Choice:
    """The best of several candidates.

    Attributes:
        index: its place; None where the gate would reject them all.
        readings: what incumbent and candidate read, for each candidate, as `read_sets` gives it.
    """

    index: int | None
    judgements: tuple[Judgement, ...]
    readings: list[list[SetReadings]]


def choose_candidate(
    sets: Sequence[FrozenSet],
    before: Path,
    candidates: Sequence[Path],
    device: str,
    should_stop: StopCheck = lambda: None,
    items: Sequence[ManifestItem] = (),
) -> Choice:
    """Judge several candidates, such as blends of the same training, and name the best; no label is needed.

    Raises:
        WeightsError: weights do not load.
        StoppedError: `should_stop` said so.
    """
    readings = read_candidates(sets, before, candidates, device, should_stop, items)
    judgements = tuple(judge_readings(item) for item in readings)
    return Choice(choose(judgements), judgements, readings)


def readings_to_json(readings: Sequence[SetReadings]) -> str:
    """The form kept in a run's folder."""
    return json.dumps([asdict(item) for item in readings], ensure_ascii=False) + "\n"


def readings_from_json(text: str) -> list[SetReadings]:
    """Read what `readings_to_json` wrote."""
    return [
        SetReadings(
            name=item["name"],
            keys=tuple(item["keys"]),
            texts=tuple(item["texts"]),
            kinds=tuple(item["kinds"]),
            before=tuple(tuple(texts) for texts in item["before"]),
            after=tuple(tuple(texts) for texts in item["after"]),
            scores=tuple(
                PairScores(**{name: tuple(pair) for name, pair in scores.items()}) for scores in item.get("scores", ())
            ),
        )
        for item in json.loads(text)
    ]


def judgement_to_dict(judgement: Judgement) -> dict[str, Any]:
    """The form kept with a checkpoint."""
    return {
        "verdict": "promoted" if judgement.promoted else "rejected",
        "reasons": list(judgement.reasons),
        "gains": list(judgement.gains),
        "before": judgement.before,
        "after": judgement.after,
        "sets": [asdict(item) for item in judgement.sets],
        "slices": [asdict(item) for item in judgement.slices],
        "checks": [asdict(item) for item in judgement.checks],
    }


def is_right(text: str, reading: str) -> bool:
    """Whether a reading counts as right: the same characters, spaces at the ends aside."""
    return text.strip() == reading.strip()


def _load(weights: Path, device: str) -> GateReader:
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    network, card = load_network(weights, chosen)
    if not isinstance(network, TextNetwork):
        raise WeightsError(f"{weights.name} is a {card.task}, not a recognizer; choose a recognizer checkpoint")
    return GateReader(network, Charset(card.charset), torch.device(chosen))


def _look(reader: GateReader, frozen: FrozenSet, should_stop: StopCheck) -> _Look:
    readings = _read(reader, frozen.crops, should_stop)
    columns = [[reading.text for reading in readings]]
    if frozen.name == AGREEMENT:
        for view in range(VIEWS):
            altered = [_view(crop, key, view) for crop, key in zip(frozen.crops, frozen.keys, strict=True)]
            columns.append([reading.text for reading in _read(reader, altered, should_stop)])
    return _Look(readings, tuple(zip(*columns, strict=True)))


def _read(reader: GateReader, crops: Sequence[np.ndarray], should_stop: StopCheck) -> list[DecodedText]:
    readings = read_crops(reader.network, crops, reader.charset, reader.device, should_stop)
    if len(readings) < len(crops):
        raise StoppedError(should_stop() or "cancelled")
    return readings


def _view(crop: np.ndarray, key: str, view: int) -> np.ndarray:
    """The same crop, altered a little; the same key and number give the same view."""
    seed = int(hashlib.sha256(f"{key}:{view}".encode()).hexdigest()[:12], 16)
    rows, columns = crop.shape[:2]
    return augment_crop(crop, bucket_width((rows, columns)), np.random.default_rng(seed), VIEW_STRENGTH)


def _score(readings: SetReadings) -> PairedScores:
    if readings.name == AGREEMENT:
        before = tuple(_agreement(texts) for texts in readings.before)
        return PairedScores(AGREEMENT, before, tuple(_agreement(texts) for texts in readings.after))
    pairs = list(zip(readings.texts, readings.before, readings.after, strict=True))
    return PairedScores(
        name=readings.name,
        before=tuple(float(is_right(text, before[0])) for text, before, _ in pairs),
        after=tuple(float(is_right(text, after[0])) for text, _, after in pairs),
        slices=build_slices(readings.texts) | _build_kinds(readings.kinds),
    )


def _agreement(texts: Sequence[str]) -> float:
    """Share of the views that were read like the crop; reading nothing agrees with nothing."""
    first, *views = texts
    return sum(view == first for view in views) / len(views) if first and views else 0.0


def _build_kinds(kinds: Sequence[str]) -> dict[str, tuple[int, ...]]:
    named = sorted({kind for kind in kinds if kind})
    groups = {kind: tuple(index for index, other in enumerate(kinds) if other == kind) for kind in named}
    return {kind: members for kind, members in groups.items() if len(members) >= MIN_SLICE}
