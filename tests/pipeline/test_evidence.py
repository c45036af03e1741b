"""All evidence of a reading, from a small network's own looks."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_word
from textrec_app.domain import CropReading
from textrec_app.pipeline.crop_views import VIEWS, CropView
from textrec_app.pipeline.evidence import Hearing, ViewOpinion, gather_evidence, weigh
from textrec_app.pipeline.recognition import Recognizer

READING = CropReading("Hotel", 0.9, -0.2, agreement=True, sharpness=0.5)


def _hear(fast: list[str], margin: float) -> Hearing:
    views = [ViewOpinion(text, text, (-1.0, -1.0 - margin)) for text in ["Hotel", *fast]]
    return Hearing(READING, ("Hotei",), (0.0, 0.0), tuple(views))


def test_views_that_read_alike_speak_for_a_text_and_others_against_it() -> None:
    alike, unlike = weigh(_hear(["Hotel"] * 8, 5.0)), weigh(_hear(["Hotel"] * 4 + ["Hotei"] * 4, -1.0))
    assert [alike[f"{group}_agree"] for group in ("weak", "strong", "scale", "turn", "both")] == [1.0] * 5
    assert (alike["rival_margin"], alike["views_margin"]) == (5.0, 5.0)
    assert unlike["turn_agree"] == 0.0
    assert unlike["both_agree"] == 0.5
    assert unlike["views_margin"] == -1.0


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("size_hw", [(1, 1), (3, 200), (40, 120)])
def test_every_view_is_a_picture_of_about_the_same_size(view: CropView, size_hw: tuple[int, int]) -> None:
    crop = np.random.default_rng(0).integers(0, 255, (*size_hw, 3), dtype=np.uint8)
    changed = view.change(crop)
    assert changed.dtype == np.uint8
    assert changed.shape[2] == 3
    assert 0.8 * size_hw[0] - 1 <= changed.shape[0] <= 1.3 * size_hw[0] + 2
    assert (changed == view.change(crop)).all()


def test_evidence_is_the_same_alone_and_in_a_batch(tmp_path: Path) -> None:
    recognizer = Recognizer.load(save_tiny_recognizer(tmp_path))
    crops = [draw_word(text, seed=index) for index, text in enumerate(("Hotel", "7", "Bakery"))]
    readings = recognizer.read(crops)
    together = gather_evidence(recognizer, crops, readings)
    alone = [gather_evidence(recognizer, [crop], [reading])[0] for crop, reading in zip(crops, readings, strict=True)]
    for one, other in zip(together, alone, strict=True):
        assert one.keys() == other.keys() >= {"log_prob", "rival_margin", "turn_agree", "picture_height", "language"}
        assert one == pytest.approx(other, abs=1e-3)


def test_a_reading_of_nothing_has_only_what_reading_left(tmp_path: Path) -> None:
    recognizer = Recognizer.load(save_tiny_recognizer(tmp_path))
    (evidence,) = gather_evidence(recognizer, [draw_word("x", seed=0)], [CropReading("", 0.0, -3.0)])
    assert evidence["length"] == 0.0
    assert "rival_margin" not in evidence
