"""The table of label errors: texts are put right, unusable samples go, sideways pictures are turned."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textrec_app.data.label_corrections import correct_labels, name_sample, read_corrections
from textrec_app.data.samples import RecognitionSample
from textrec_app.data.turned_pictures import TurnedPicture
from textrec_app.errors import InputError
from textrec_app.pipeline.sample_crops import load_sample_crop


def _make_samples(folder: Path, labels: list[str]) -> list[RecognitionSample]:
    folder.mkdir()
    samples = []
    for index, label in enumerate(labels):
        path = folder / f"{index}.png"
        pixels = np.zeros((20, 6 + index, 3), np.uint8)
        pixels[:3] = 255  # the upper end is bright
        Image.fromarray(pixels).save(path)
        samples.append(RecognitionSample(path.name, label, path))
    return samples


@pytest.fixture
def samples(tmp_path: Path) -> list[RecognitionSample]:
    return _make_samples(tmp_path / "words", ["wiht", "LDO", "Blood", "fine"])


def test_texts_are_put_right_where_file_and_label_fit(samples: list[RecognitionSample]) -> None:
    table = "words/0.png\twiht\twith\nwords/3.png\tother\tnever\nother/3.png\tfine\tnever\nnonsense\n"
    assert [sample.text for sample in correct_labels(samples, table)] == ["with", "LDO", "Blood", "fine"]
    assert correct_labels(samples, table)[3] is samples[3]


def test_an_empty_text_leaves_the_sample_out(samples: list[RecognitionSample]) -> None:
    assert [sample.text for sample in correct_labels(samples, "words/1.png\tLDO\t\r\n")] == ["wiht", "Blood", "fine"]


def test_a_sample_without_text_stays_as_it_is(tmp_path: Path) -> None:
    empty = _make_samples(tmp_path / "none", [""])
    assert correct_labels(empty, "words/0.png\twiht\twith\n") == empty


def test_a_fourth_column_turns_the_picture_unless_it_is_to_be_read_as_it_comes(
    samples: list[RecognitionSample],
) -> None:
    table = "words/2.png\tBlood\tBLOOD\t90\n"
    turned, plain = correct_labels(samples, table)[2], correct_labels(samples, table, with_turns=False)[2]
    assert turned.text == plain.text == "BLOOD"
    assert load_sample_crop(plain).shape == (20, 8, 3)
    pixels = load_sample_crop(turned)
    assert pixels.shape == (8, 20, 3)
    assert pixels[:, -3:].min() > 200, "clockwise by a quarter, the upper end comes to the right"


@pytest.mark.parametrize(("degrees", "bright"), [(90, np.s_[:, -3:]), (180, np.s_[-3:]), (270, np.s_[:, :3])])
def test_turns_are_clockwise(samples: list[RecognitionSample], degrees: int, bright: tuple[slice, ...]) -> None:
    sample = RecognitionSample("x", "x", TurnedPicture(samples[0].source, degrees))
    pixels = load_sample_crop(sample)
    assert pixels[bright].min() > 200
    assert pixels.astype(int).sum() == load_sample_crop(samples[0]).astype(int).sum()


def test_wrong_turns_are_told(samples: list[RecognitionSample], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no quarter turn"):
        correct_labels(samples, "words/0.png\twiht\twith\t45\n")
    with pytest.raises(InputError, match="45 degrees"):
        TurnedPicture(samples[0].source, 45).read_bytes()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(InputError, match="cannot be read"):
        TurnedPicture(broken, 90).read_bytes()


def test_names_are_set_and_file(samples: list[RecognitionSample]) -> None:
    assert name_sample(samples[0]) == "words/0.png"
    cut = RecognitionSample("scene.png#3", "x", samples[0].source, ((0, 0), (4, 0), (4, 4), (0, 4)))
    assert name_sample(cut) == "scene.png#3"


def test_the_table_in_the_docs_is_well_formed() -> None:
    table = (Path(__file__).parents[2] / "docs" / "label_corrections.tsv").read_text(encoding="utf-8")
    lines = table.splitlines()
    corrections = read_corrections(table)
    assert len(corrections) == len(lines) > 600
    assert all(found.text != label or found.turn_degrees for (_, label), found in corrections.items())
