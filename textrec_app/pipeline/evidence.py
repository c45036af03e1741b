"""Everything that speaks for or against one reading, as named numbers from which calibration makes a confidence.

Reading itself leaves its raw scores, the agreement of its heads and the sharpness of its glyphs. Here its text is
weighed against its rivals, looked for again in changed views of the crop, and against the language. That costs a
look for each view, so it is done for harvesting and for measuring, not while a person waits for a text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import read_evidence
from textrec_app.domain import CropReading
from textrec_app.pipeline.crop_views import VIEWS
from textrec_app.pipeline.outside_readers import OutsideReader, measure_outside_agreement
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.pipeline.sight import Seen

Evidence = dict[str, float]

LEAST_LOG_PROB = -30.0
N_RIVALS = 4
BATCH = 16
"""Crops whose views are held at one time."""


@dataclass(frozen=True)
class ViewOpinion:
    """What one view of a crop says.

    Attributes:
        fast: text of the fast path.
        glyph: text of the glyph head; None where it did not speak.
        log_probs: of the reading's text, then of its rivals, each at least `LEAST_LOG_PROB`.
    """

    fast: str
    glyph: str | None
    log_probs: tuple[float, ...]


@dataclass(frozen=True)
class Hearing:
    """A reading, its rivals and what every view says of them.

    Attributes:
        rivals: other texts that the crop might say, the likeliest first.
        language: how plausible the reading's text and its rivals are, alpha times log-probability plus the reward for
            each character, as reading weighs it.
        views: of the crop as it stands, then of `VIEWS`, in that order.
    """

    reading: CropReading
    rivals: tuple[str, ...]
    language: tuple[float, ...]
    views: tuple[ViewOpinion, ...]


def gather_evidence(
    recognizer: Recognizer,
    crops: Sequence[NDArray[np.uint8]],
    readings: Sequence[CropReading],
    with_views: bool = True,
    outside: Sequence[OutsideReader] = (),
) -> list[Evidence]:
    """All evidence of each reading; of an empty one only what reading left.

    Args:
        recognizer: that made the readings.
        crops: (H, W, 3) uint8 RGB, as they were read.
        readings: one for each crop.
        with_views: False leaves out what further looks at the crops would say.
        outside: other readers to ask too.
    """
    witnessed = measure_outside_agreement(outside, crops, [reading.text for reading in readings])
    left = [evidence_of_reading(recognizer, reading) | said for reading, said in zip(readings, witnessed, strict=True)]
    spoken = [index for index, reading in enumerate(readings) if reading.text]
    if not with_views:
        pictures = {index: describe_picture(crops[index]) for index in spoken}
        return [evidence | pictures.get(index, {}) for index, evidence in enumerate(left)]
    found: dict[int, Evidence] = {}
    for start in range(0, len(spoken), BATCH):
        chunk = spoken[start : start + BATCH]
        heard = hear(recognizer, [crops[index] for index in chunk], [readings[index] for index in chunk])
        found |= {index: weigh(one) | describe_picture(crops[index]) for index, one in zip(chunk, heard, strict=True)}
    return [evidence | found.get(index, {}) for index, evidence in enumerate(left)]


def evidence_of_reading(recognizer: Recognizer, reading: CropReading) -> Evidence:
    """What reading left behind, without any further look."""
    model = recognizer.chooser.model
    return read_evidence(
        reading.log_prob,
        [character.confidence for character in reading.characters],
        reading.agreement,
        reading.sharpness,
        None if model is None else model.score(reading.text),
    )


def hear(recognizer: Recognizer, crops: Sequence[NDArray[np.uint8]], readings: Sequence[CropReading]) -> list[Hearing]:
    """Ask every view of each crop; no reading is empty."""
    chooser = recognizer.chooser
    seen = recognizer.look(crops)
    asked = []
    for one, reading in zip(seen, readings, strict=True):
        choice = chooser.choose(one.greedy, [one.look()], opinion=one.opinion)
        texts = dict.fromkeys((choice.decoded.text, *(text for text, _ in choice.others)))
        asked.append((reading.text, *[text for text in texts if text != reading.text][:N_RIVALS]))
    changed = recognizer.look([view.change(crop) for view in VIEWS for crop in crops])
    looks = [seen, *(changed[start : start + len(crops)] for start in range(0, len(changed), len(crops)))]
    opinions = [[_opinion(recognizer, one, texts) for one, texts in zip(look, asked, strict=True)] for look in looks]
    return [
        Hearing(reading, texts[1:], tuple(_plausibility(recognizer, text) for text in texts), tuple(views))
        for reading, texts, views in zip(readings, asked, zip(*opinions, strict=True), strict=True)
    ]


def weigh(heard: Hearing) -> Evidence:
    """The numbers that a hearing comes to.

    Returns:
        `rival_margin`: log-likelihood of the text above its best rival, language included, on the crop as it stands;
        `views_margin`: the same, mean of the changed views; `views_log_prob`: mean log-probability of the text by the
        root of its length; `weak_agree`, `strong_agree`, `scale_agree`, `turn_agree`: share of such views that the
        fast path reads alike; `glyph_agree`, `both_agree`: share of all views that the glyph head, and both heads,
        read alike, where it spoke.
    """
    text, changed = heard.reading.text, heard.views[1:]
    scores = np.array([view.log_probs for view in changed])
    evidence = {
        "rival_margin": _margin(np.array(heard.views[0].log_probs), heard.language),
        "views_margin": _margin(scores.mean(axis=0), heard.language),
        "views_log_prob": float(scores[:, 0].mean()) / len(text) ** 0.5,
    }
    for group in dict.fromkeys(view.group for view in VIEWS):
        evidence[f"{group}_agree"] = _share(
            [said.fast == text for said, view in zip(changed, VIEWS, strict=True) if view.group == group]
        )
    spoken = [said for said in changed if said.glyph is not None]
    if spoken and heard.reading.agreement is not None:
        evidence["glyph_agree"] = _share([said.glyph == text for said in spoken])
        evidence["both_agree"] = _share([said.fast == said.glyph == text for said in spoken])
    return evidence


def describe_picture(crop: NDArray[np.uint8]) -> Evidence:
    """What kind of picture a crop is, to tell unlike ones: height in pixels, width by height, contrast, colour, detail.

    Each name begins with `picture_`; such numbers say nothing of the text and never make a reading surer.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    hue = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)
    contrast = float(grey.std())
    return {
        "picture_height": float(crop.shape[0]),
        "picture_aspect": crop.shape[1] / crop.shape[0],
        "picture_brightness": float(grey.mean()),
        "picture_contrast": contrast,
        "picture_colour": float(hue[..., 1].mean()),
        "picture_detail": float(np.abs(np.diff(grey, axis=1)).mean()) / (contrast + 1.0) if crop.shape[1] > 1 else 0.0,
    }


def _opinion(recognizer: Recognizer, seen: Seen, texts: Sequence[str]) -> ViewOpinion:
    log_probs = np.maximum(recognizer.chooser.scores.measure(texts, seen.look()), LEAST_LOG_PROB)
    glyph = None if seen.opinion is None else seen.opinion.decoded.text
    return ViewOpinion(seen.greedy.text, glyph, tuple(log_probs.tolist()))


def _plausibility(recognizer: Recognizer, text: str) -> float:
    model, options = recognizer.chooser.model, recognizer.chooser.options
    return 0.0 if model is None else options.language_weight * model.score(text) + options.length_reward * len(text)


def _margin(log_probs: NDArray[np.float64], language: Sequence[float]) -> float:
    """By how much the first text stands above the best of the others; without others as far as it can."""
    scores = log_probs + np.array(language)
    return float(np.clip(scores[0] - scores[1:].max(initial=LEAST_LOG_PROB), LEAST_LOG_PROB, -LEAST_LOG_PROB))


def _share(agrees: Sequence[bool]) -> float:
    return sum(agrees) / max(1, len(agrees))
