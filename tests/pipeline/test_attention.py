"""The shipped recognizer shows each character's own place in the picture."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from models.weights import PRETRAINED_DIR
from textrec_app.pipeline.recognition import Recognizer


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    """The weights that ship."""
    return Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors")


def _draw(text: str) -> tuple[np.ndarray, list[float]]:
    """A word in wide letters, and the middle of each letter as a share of the width."""
    font = ImageFont.load_default(40)
    pitch, margin = 44, 10
    image = Image.new("RGB", (2 * margin + pitch * len(text), 60), (232, 226, 210))
    for index, character in enumerate(text):
        ImageDraw.Draw(image).text((margin + pitch * index + 4, 6), character, font=font, fill=(30, 30, 70))
    middles = [(margin + pitch * (index + 0.45)) / image.width for index in range(len(text))]
    return np.array(image), middles


@pytest.mark.parametrize("text", ["MARKET", "OPEN"])
def test_each_map_is_strongest_at_its_own_letter(recognizer: Recognizer, text: str) -> None:
    crop, middles = _draw(text)
    maps = recognizer.attention(crop, text)
    assert maps.shape == (len(text), *crop.shape[:2])
    shares = np.arange(crop.shape[1]) / crop.shape[1]
    looked = [float((m.sum(axis=0) ** 2 * shares).sum() / (m.sum(axis=0) ** 2).sum()) for m in maps]
    assert looked == sorted(looked)
    assert np.abs(np.array(looked) - middles).max() < 1.0 / len(text)


def test_a_word_without_characters_has_no_maps(recognizer: Recognizer) -> None:
    assert recognizer.attention(_draw("OPEN")[0], "").shape[0] == 0
