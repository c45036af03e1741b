"""Labeled data sets in their formats: exact texts, damage told with file and line."""

from pathlib import Path

import lmdb
import numpy as np
import pytest

from tests.support.pictures import draw_scene, draw_word, to_png
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.errors import InputError


def _write_lmdb(directory: Path, samples: list[tuple[bytes, bytes]], count: bytes | None = None) -> Path:
    directory.mkdir()
    with lmdb.open(str(directory), map_size=10_000_000) as environment, environment.begin(write=True) as transaction:
        for index, (picture, label) in enumerate(samples, start=1):
            transaction.put(b"image-%09d" % index, picture)
            transaction.put(b"label-%09d" % index, label)
        transaction.put(b"num-samples", count if count is not None else b"%d" % len(samples))
    return directory


def test_label_folder_keeps_texts_exactly(tmp_path: Path) -> None:
    texts = ["Café", " two  words ", "a\tb", "", "line\u2028sep", "\u0645\u0631", "#x"]
    rows = [f"pictures/{index}.png\t{text}" for index, text in enumerate(texts)]
    (tmp_path / "labels.tsv").write_bytes(("\ufeff" + "\r\n".join(rows) + "\r\n\r\n").encode())
    samples = load_recognition_set(tmp_path)
    assert [sample.text for sample in samples] == texts
    assert [sample.name for sample in samples] == [f"pictures/{index}.png" for index in range(len(texts))]
    assert samples[0].path == tmp_path / "pictures" / "0.png"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a.png text without a tab\n", "line 1 has no tab"),
        (b"a.png\tx\n../b.png\ty\n", "line 2: '../b.png' leads out"),
        (b"/etc/hosts\tx\n", "leads out"),
        (b"a.png\tcaf\xe9\n", "not UTF-8"),
    ],
)
def test_damaged_label_file_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "labels.tsv").write_bytes(content)
    with pytest.raises(InputError, match=r"labels\.tsv") as raised:
        load_recognition_set(tmp_path)
    assert told in str(raised.value)


def test_lmdb_gives_texts_and_pictures(tmp_path: Path) -> None:
    picture = to_png(draw_word("Hotel"))
    directory = _write_lmdb(tmp_path / "set", [(picture, "Hôtel".encode()), (b"second", b"")])
    samples = load_recognition_set(directory)
    assert [(sample.name, sample.text) for sample in samples] == [("image-000000001", "Hôtel"), ("image-000000002", "")]
    assert samples[0].source.read_bytes() == picture
    assert samples[1].source.read_bytes() == b"second"
    assert samples[0].path is None


def test_damaged_lmdb_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no label-000000002"):
        load_recognition_set(_write_lmdb(tmp_path / "short", [(b"x", b"x")], count=b"2"))
    with pytest.raises(InputError, match="num-samples"):
        load_recognition_set(_write_lmdb(tmp_path / "uncounted", [], count=b"many"))
    with pytest.raises(InputError, match="not UTF-8"):
        load_recognition_set(_write_lmdb(tmp_path / "latin", [(b"x", b"caf\xe9")]))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "data.mdb").write_bytes(b"no database")
    with pytest.raises(InputError, match="not an LMDB set"):
        load_recognition_set(tmp_path / "broken")


def test_boxes_become_crops_where_they_have_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(to_png(draw_scene(["Hotel"])))
    quad = "[[20,10],[90,10],[90,40],[20,40]]"
    (tmp_path / "boxes.jsonl").write_text(
        f'{{"image": "a.png", "boxes": [{{"quad": {quad}, "text": "Hotel"}}, {{"quad": {quad}, "text": null}},'
        f' {{"quad": {quad}, "text": "###"}}, {{"quad": {quad}, "text": "x", "ignore": true}}]}}\n'
    )
    (sample,) = load_recognition_set(tmp_path)
    assert (sample.name, sample.text) == ("a.png#0", "Hotel")
    assert sample.quad is not None
    assert np.array(sample.quad).tolist() == [[20, 10], [90, 10], [90, 40], [20, 40]]


def test_folder_without_a_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.tsv, data\.mdb, boxes\.jsonl"):
        load_recognition_set(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        load_recognition_set(tmp_path / "gone")
