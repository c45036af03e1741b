import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tests.support.faces import find_some_fonts
from textrec_app.data.synthesis.writer import SynthesisFolders, write_scenes, write_words
from textrec_app.errors import InputError

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from textrec_app.data.synthesis.writer import SynthesisFolders, write_scenes, write_words
out, fonts = Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2] else None
write_words(out / "words", 6, 11, SynthesisFolders(fonts))
write_scenes(out / "scenes", 2, 11, SynthesisFolders(fonts))
"""


@pytest.fixture(scope="module")
def fonts_folder(tmp_path_factory) -> Path | None:
    folder = tmp_path_factory.mktemp("fonts")
    paths = [Path(face.path) for face in find_some_fonts().faces if face.path][:5]
    for path in paths:
        (folder / path.name).symlink_to(path)
    return folder if paths else None


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_two_processes_write_the_same_bytes(tmp_path, fonts_folder: Path | None) -> None:
    written = []
    for name in ("first", "second"):
        arguments = [sys.executable, "-c", PROGRAM, str(tmp_path / name), str(fonts_folder or "")]
        subprocess.run(arguments, cwd=REPOSITORY, check=True, timeout=300)
        written.append(read_all(tmp_path / name))
    assert written[0] == written[1]
    assert len(written[0]) == 6 * 2 + 2 + 2 * 2 + 2


def test_word_set_is_complete(tmp_path, fonts_folder: Path | None) -> None:
    steps: list[tuple[int, int]] = []
    write_words(tmp_path, 5, 1, SynthesisFolders(fonts_folder), lambda done, count: steps.append((done, count)))
    assert steps == [(i, 5) for i in range(1, 6)]
    rows = [line.split("\t") for line in (tmp_path / "labels.tsv").read_text().splitlines()]
    records = [json.loads(line) for line in (tmp_path / "characters.jsonl").read_text().splitlines()]
    assert [row[1] for row in rows] == [record["text"] for record in records]
    for (name, text), record in zip(rows, records, strict=True):
        image = cv2.imread(str(tmp_path / name))
        mask = cv2.imread(str(tmp_path / "masks" / f"{Path(name).stem}.png"), cv2.IMREAD_UNCHANGED)
        assert image.shape[:2] == mask.shape
        assert mask.max() == 255
        assert "".join(c["text"] for c in record["characters"]) == text.replace(" ", "")
        assert all(len(c["quad"]) == 4 for c in record["characters"])


def test_scene_set_is_complete(tmp_path, fonts_folder: Path | None) -> None:
    write_scenes(tmp_path, 2, 3, SynthesisFolders(fonts_folder))
    boxes = [json.loads(line) for line in (tmp_path / "boxes.jsonl").read_text().splitlines()]
    characters = [json.loads(line) for line in (tmp_path / "characters.jsonl").read_text().splitlines()]
    for record, own in zip(boxes, characters, strict=True):
        assert cv2.imread(str(tmp_path / record["image"])) is not None
        assert [box["text"] for box in record["boxes"]] == [word["text"] for word in own["words"]]
        assert all(len(box["quad"]) == 4 for box in record["boxes"])


def test_more_pictures_begin_with_the_same_ones(tmp_path, fonts_folder: Path | None) -> None:
    folders = SynthesisFolders(fonts_folder)
    write_words(tmp_path / "few", 2, 7, folders)
    write_words(tmp_path / "many", 4, 7, folders)
    few, many = read_all(tmp_path / "few" / "images"), read_all(tmp_path / "many" / "images")
    assert few.items() <= many.items()


def test_wrong_requests_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="at least 1"):
        write_words(tmp_path / "out", 0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        write_scenes(tmp_path / "file", 1)
    with pytest.raises(InputError, match="does not exist"):
        write_words(tmp_path / "out", 1, 0, SynthesisFolders(tmp_path / "nowhere"))
