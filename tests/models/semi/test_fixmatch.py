"""FixMatch for any recognizer: believed texts label the strong views, and nothing breaks where none is."""

import math

import pytest
import torch

from models.recognition.ctc import DecodedText
from models.recognition.semi.fixmatch import fixmatch_loss, read_weakly
from models.recognition.semi.options import Belief
from models.recognition.semi.pseudo_texts import text_confidence
from tests.support.recognizers import CHARSET, create_small

NAMES = ["conv", "parseq conv", "siga_s", "abinet_s"]


def said(text: str, prob: float = 0.9) -> tuple[DecodedText, bool]:
    steps = len(text) + 1
    probs = (prob,) * len(text)
    return DecodedText(text, steps * math.log(prob), probs, tuple((k, k + 1) for k in range(len(text)))), True


def draw_images(batch: int) -> torch.Tensor:
    return torch.randn(batch, 3, 32, 64, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", NAMES)
def test_believed_texts_are_labels_and_the_others_count_as_zero(name: str) -> None:
    network = create_small(name).eval()
    images = draw_images(4)
    readings = [said("TAN"), said("NET", 0.5), said("A"), said("")]
    found = fixmatch_loss(network, CHARSET, images, readings, Belief(0.8))
    assert found.texts == ["TAN", "A"]
    assert found.kept.tolist() == [True, False, True, False]
    torch.manual_seed(0)
    expected = network(images[[0, 2]], [CHARSET.encode("TAN"), CHARSET.encode("A")]) / 2
    torch.manual_seed(0)
    found = fixmatch_loss(network, CHARSET, images, readings, Belief(0.8))
    torch.testing.assert_close(found.loss, expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_a_batch_without_a_believed_text_costs_nothing_and_has_a_gradient(name: str, batch: int) -> None:
    network = create_small(name).eval()
    images = draw_images(batch).requires_grad_()
    found = fixmatch_loss(network, CHARSET, images, [said("", 0.99)] * batch, Belief(0.0))
    found.loss.backward()
    assert float(found.loss.detach()) == 0.0
    assert images.grad is not None
    assert not images.grad.any()


@pytest.mark.parametrize("name", NAMES)
def test_the_weak_view_is_read_in_evaluation_mode(name: str) -> None:
    network = create_small(name).train()
    norms = {key: value.clone() for key, value in network.state_dict().items() if "running" in key}
    first = read_weakly(network, CHARSET, draw_images(3))
    assert network.training
    assert all(torch.equal(network.state_dict()[key], value) for key, value in norms.items())
    assert [one.text for one, _ in first] == [one.text for one, _ in read_weakly(network, CHARSET, draw_images(3))]
    assert read_weakly(network, CHARSET, draw_images(0)) == []


def test_confidence_of_a_whole_text() -> None:
    decoded = DecodedText("AT", math.log(0.9 * 0.8 * 0.5), (0.9, 0.8), ((0, 1), (1, 2)))
    assert text_confidence(decoded, "word", has_end=True) == pytest.approx(0.36)
    assert text_confidence(decoded, "normalised", has_end=True) == pytest.approx(0.36 ** (1 / 3))
    assert text_confidence(decoded, "normalised", has_end=False) == pytest.approx(0.6)
    assert text_confidence(decoded, "minimum", has_end=True) == pytest.approx(0.5)  # the end is the least sure
    assert text_confidence(decoded, "minimum", has_end=False) == pytest.approx(0.8)
    assert text_confidence(DecodedText("", 0.0, (), ()), "word", has_end=True) == 0.0
