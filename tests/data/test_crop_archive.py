"""Archives of crops: pictures and labels come back in order."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.pictures import draw_word, to_png
from textrec_app.data.crop_archive import encode_small, read_crop_archives, write_crop_archives
from textrec_app.errors import InputError
from textrec_app.pipeline.images import load_image


def test_pictures_and_labels_come_back_as_they_were(tmp_path: Path) -> None:
    crops = [(to_png(draw_word(text)), text) for text in ("One", "a\u2028b", 'x "y"', " spaced ")] + [(b"?", "Émile")]
    paths = write_crop_archives(tmp_path, "train", crops, most=2)
    assert [path.name for path in paths] == ["train-000.zip", "train-001.zip", "train-002.zip"]
    assert list(read_crop_archives(tmp_path, "train")) == crops
    assert list(read_crop_archives(tmp_path, "held_back")) == []


def test_a_small_crop_looks_like_the_crop_and_is_small() -> None:
    picture = draw_word("Street", size_px=120)
    data = encode_small(picture)
    seen = load_image(data, "crop")
    assert seen.shape[0] == 64
    assert seen.shape[1] == pytest.approx(picture.shape[1] * 64 / picture.shape[0], abs=1)
    assert len(data) < 6000
    low = draw_word("low", size_px=20)
    assert np.abs(load_image(encode_small(low), "low").astype(int) - low).mean() < 6


def test_a_damaged_archive_is_a_sentence(tmp_path: Path) -> None:
    (path,) = write_crop_archives(tmp_path, "train", [(b"picture", "text")])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="Copy it again"):
        list(read_crop_archives(tmp_path, "train"))
