"""What two models, the language and the readings of other pictures say about texts that the two read differently."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.charset import Charset
from models.language.character_model import CharacterModel
from models.recognition.ctc import DecodedText, compute_text_log_probs
from models.recognition.text_network import TextNetwork
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.evaluation.gate_changes import LEAST_LOG_PROB, PairScores
from textrec_app.training.recognizer import EVALUATION_BATCH, crops_to_tensor, keep_covered


@dataclass(frozen=True)
class Background:
    """What is known beside the two models.

    Attributes:
        language: how likely texts are; None where no language model is installed.
        known: how many other pictures of the store were surely read, or are known, to say each text.
    """

    language: CharacterModel | None = None
    known: Counter[str] | None = None


@dataclass(frozen=True)
class GateReader:
    """A model that reads frozen sets."""

    network: TextNetwork
    charset: Charset
    device: torch.device


def score_pairs(
    readers: tuple[GateReader, GateReader],
    crops: Sequence[np.ndarray],
    readings: tuple[Sequence[DecodedText], Sequence[DecodedText]],
    background: Background,
) -> tuple[PairScores, ...]:
    """What speaks for the incumbent's and for the candidate's reading of each crop.

    Args:
        readers: incumbent and candidate.
        readings: of the crops, by each of them.
    """
    texts = [[one.text for one in side] for side in readings]
    changed = [index for index, pair in enumerate(zip(*texts, strict=True)) if pair[0] != pair[1]]
    own = [[max(LEAST_LOG_PROB, one.log_prob) for one in side] for side in readings]
    other = [list(side) for side in own]
    for side, reader in enumerate(readers):
        scored = score_texts(reader, [crops[index] for index in changed], [texts[1 - side][i] for i in changed])
        for index, value in zip(changed, scored, strict=True):
            other[side][index] = value
    return tuple(
        PairScores(
            incumbent=(own[0][index], other[0][index]),
            candidate=(other[1][index], own[1][index]),
            language=_weigh_language(background.language, pair),
            repeats=_count_repeats(background.known, pair),
        )
        for index, pair in enumerate(zip(*texts, strict=True))
    )


def score_texts(reader: GateReader, crops: Sequence[np.ndarray], texts: Sequence[str]) -> list[float]:
    """Log-probability that each crop says a given text; at least -60, and 0 where the network cannot tell.

    Characters that the charset lacks are left out.
    """
    if reader.network.emits != "ctc":
        return [0.0] * len(crops)
    found: dict[int, float] = {}
    for chunk, images in batch_by_width([resize_to_bucket(crop) for crop in crops], lambda width: EVALUATION_BATCH):
        with torch.inference_mode():
            log_probs = reader.network(crops_to_tensor(images, reader.device)).float().log_softmax(dim=-1)
        ids = [reader.charset.encode(keep_covered(texts[index], reader.charset)) for index in chunk]
        found.update(zip(chunk, compute_text_log_probs(log_probs, ids), strict=True))
    return [max(LEAST_LOG_PROB, found[index]) for index in range(len(crops))]


def _weigh_language(language: CharacterModel | None, pair: tuple[str, str]) -> tuple[float, float]:
    if language is None or pair[0] == pair[1]:
        return 0.0, 0.0
    return language.score(pair[0]), language.score(pair[1])


def _count_repeats(known: Counter[str] | None, pair: tuple[str, str]) -> tuple[int, int]:
    counts = known or Counter[str]()
    return counts[pair[0].strip()], counts[pair[1].strip()]
