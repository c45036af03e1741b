"""What is believed of crops nobody labeled."""

import numpy as np

from models.weights import PRETRAINED_DIR
from textrec_app.pipeline.kind_language import fold_of
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.training.kind_labels import Believed, doubt_near_twins, limit_repeats, list_witnesses, weigh_again
from textrec_app.training.recipes import Adaptation
from textrec_app.training.run_pools import split_by_trust

BLANK = np.full((32, 100, 3), 255, np.uint8)


def test_of_a_text_that_comes_again_and_again_the_surest_are_kept_and_all_labels() -> None:
    found = [Believed(str(number), "0.00", number / 10) for number in range(8)]
    found += [Believed("label", "0.00", 1.0, is_label=True), Believed("other", "TOTAL", 0.1)]
    assert limit_repeats(found, 3) == [6, 7, 8, 9]


def test_labels_and_sure_readings_stay_and_doubtful_ones_are_read_again() -> None:
    recognizer = Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors")
    known = [Believed(f"sure {number}", "TOTAL", 0.97) for number in range(90)]
    found = [*known, Believed("label", "GST 6%", 1.0, is_label=True), Believed("doubtful", "TQTAL", 0.3)]
    asked: list[int] = []

    def load(index: int) -> np.ndarray:
        asked.append(index)
        return BLANK

    weighed = weigh_again(recognizer, found, load)
    assert asked == [91]
    assert weighed[:91] == found[:91]
    assert weighed[91].text != "TQTAL"  # what the crop shows is read, not what was said of it before
    assert recognizer.chooser.model is Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors").chooser.model


def test_near_duplicates_speak_for_their_text_once() -> None:
    burst = [Believed("burst", "775-457", confidence / 10) for confidence in (6, 9, 7)]
    others = [Believed("a", "775-457", 0.6), Believed("burst", "775-45Y", 0.8), Believed("b", "x", 0.4)]
    assert [(it.key, it.text, it.confidence) for it in list_witnesses([*burst, *others])] == [
        ("burst", "775-457", 0.9),
        ("a", "775-457", 0.6),
        ("burst", "775-45Y", 0.8),
    ]


def test_too_few_readings_are_left_as_they_are() -> None:
    recognizer = Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors")
    few = [Believed(str(number), "TOTAL", 0.4) for number in range(20)]
    assert weigh_again(recognizer, few, lambda index: BLANK) == few
    assert {fold_of(it.key) for it in few} == {0, 1}


def test_readings_are_parted_by_trust_and_empty_ones_left_out() -> None:
    found = [
        Believed("a", "TOTAL", 0.95),
        Believed("b", "TQTAL", 0.4),
        Believed("c", "x", 0.05),
        Believed("d", "  ", 0.99),
        Believed("e", "CASH", 1.0, is_label=True),
    ]
    assert split_by_trust(found, Adaptation()) == {"human": [4], "sure": [0], "unsure": [1]}


def test_an_unsure_reading_beside_a_sure_near_twin_is_not_believed() -> None:
    sure = [Believed(f"sure {number}", "775-45Y", 0.93) for number in range(3)]
    prices = [Believed("price", "0.39", 0.9), Believed("price 2", "0.39", 0.9), Believed("doubtful price", "0.38", 0.5)]
    doubtful = [Believed("a", "775-457", 0.6), Believed("b", "775-45Y", 0.5), Believed("c", "RM 12.50", 0.5)]
    label = Believed("label", "775-459", 0.0, is_label=True)
    weighed = doubt_near_twins([*sure, *prices, *doubtful, label], 0.8)
    assert {it.key for it in weighed if it.confidence == 0.0} == {"a", "label"}
    assert [it.text for it in weighed] == [it.text for it in (*sure, *prices, *doubtful, label)]
