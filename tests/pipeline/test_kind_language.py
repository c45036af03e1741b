"""What a kind of pictures says again and again: gathered without labels, carried by the card, used in reading."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models.recognition.text_network import TextNetwork
from models.weights import PRETRAINED_DIR, load_card, load_network
from textrec_app.pipeline.kind_language import build_language, count_kind, fold_of, list_vocabulary, read_vocabulary
from textrec_app.pipeline.language import find_language
from textrec_app.pipeline.recognition import Recognizer

RECEIPT = ["GST 6%", "TOTAL RM 12.50", "CASH", "CHANGE 0.00", "TAX INVOICE"] * 8


def test_what_was_met_once_is_left_out() -> None:
    texts = [*RECEIPT, "4929 1234 5678", "Jane Doe"]
    vocabulary = dict(list_vocabulary(texts, [0.9] * len(texts)))
    assert vocabulary["GST 6%"] == 7.2
    assert "TOTAL" in vocabulary
    assert not {"4929 1234 5678", "4929", "Jane Doe", "Jane"} & vocabulary.keys()


def test_unsure_readings_do_not_make_a_vocabulary() -> None:
    assert list_vocabulary(["TOTAL"] * 29, [1.0] * 29) == ()
    assert "CASH" not in dict(list_vocabulary(RECEIPT, [0.1] * len(RECEIPT)))


def test_the_kind_is_likelier_and_the_rest_of_the_language_stays() -> None:
    model, general = count_kind(RECEIPT, [1.0] * len(RECEIPT)), find_language()
    assert model is not None
    assert general is not None
    assert model.score("GST 6%") - model.score("GST 6x") > general.score("GST 6%") - general.score("GST 6x") + 2.0
    assert abs(model.score("hotel") - general.score("hotel")) < 1.5


def test_weights_without_a_vocabulary_read_as_ever() -> None:
    assert build_language(()) is find_language()
    assert read_vocabulary([["TOTAL", 3], ["6%", 2.5]]) == (("TOTAL", 3.0), ("6%", 2.5))


def test_folds_are_fixed_and_both_used() -> None:
    folds = [fold_of(f"crop {number}") for number in range(100)]
    assert folds == [fold_of(f"crop {number}") for number in range(100)]
    assert 25 < sum(folds) < 75


def test_a_recognizer_whose_card_has_a_vocabulary_thinks_of_it() -> None:
    path: Path = PRETRAINED_DIR / "recognizer.safetensors"
    network, _ = load_network(path, "cpu")
    assert isinstance(network, TextNetwork)
    card = load_card(path)
    adapted = replace(card, vocabulary=[list(entry) for entry in list_vocabulary(RECEIPT, [1.0] * len(RECEIPT))])
    plain, kind = (Recognizer(network, it, torch.device("cpu")) for it in (card, adapted))
    assert plain.chooser.model is find_language()
    assert kind.chooser.model is not find_language()
    assert kind.chooser.options.sure_prob > plain.chooser.options.sure_prob
    assert kind.read([np.full((32, 100, 3), 255, np.uint8)])[0].confidence < 0.5  # nothing there stays nothing sure
