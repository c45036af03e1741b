"""Words that two models read differently, as the page gets them: pictures shrunk, long texts cut, gone files told."""

import base64

import cv2
import numpy as np

from tests.support.pictures import to_png
from textrec_app.services.comparing import Example
from textrec_app.services.context import App
from textrec_app.ui.changes_view import MAX_TEXT_LENGTH, describe_example
from textrec_app.ui.pictures import THUMBNAIL_HW, to_thumbnail_url


def decode(url: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), dtype=np.uint8), cv2.IMREAD_COLOR)


def test_large_pictures_are_shrunk_small_ones_are_sent_as_they_are() -> None:
    large = np.random.default_rng(0).integers(0, 255, (400, 1600, 3), dtype=np.uint8)
    shrunk = decode(to_thumbnail_url(to_png(large)) or "")
    assert shrunk.shape[0] <= THUMBNAIL_HW[0]
    assert shrunk.shape[1] <= THUMBNAIL_HW[1]
    small = to_png(np.full((20, 40, 3), 200, dtype=np.uint8))
    assert base64.b64decode((to_thumbnail_url(small) or "").split(",")[1]) == small
    assert to_thumbnail_url(b"no picture" * 1000) is None


def test_a_crop_that_is_gone_is_told_and_a_long_text_is_cut(app: App) -> None:
    value = describe_example(app, Example("labels", "0" * 64, "text", "x" * 1000, "after"))
    assert value["crop"] is None
    assert (value["text"], value["after"], len(value["before"])) == ("text", "after", MAX_TEXT_LENGTH)
