"""Files in parts: whole again, or a sentence that names the damaged part."""

from pathlib import Path

import numpy as np
import pytest

from textrec_app.data.file_parts import has_parts, join_parts, split_file
from textrec_app.errors import InputError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(np.random.default_rng(3).bytes(10_500))
    return path


@pytest.mark.parametrize("part_bytes", [1000, 10_500, 20_000])
def test_a_file_is_the_same_after_splitting_and_joining(source: Path, tmp_path: Path, part_bytes: int) -> None:
    paths = split_file(source, tmp_path / "parts", "run", part_bytes)
    assert all(path.stat().st_size <= part_bytes for path in paths[:-1])
    join_parts(tmp_path / "parts", "run", tmp_path / "new" / "joined")
    assert (tmp_path / "new" / "joined").read_bytes() == source.read_bytes()


def test_a_damaged_part_is_named_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    second = split_file(source, folder, "run", 4000)[1]
    second.write_bytes(second.read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match=r"run\.001 is damaged"):
        join_parts(folder, "run", tmp_path / "joined")
    second.unlink()
    with pytest.raises(InputError, match=r"run\.001 is missing"):
        join_parts(folder, "run", tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_parts_of_two_files_are_not_mixed(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    split_file(source, folder, "run", 1000)
    small = tmp_path / "small"
    small.write_bytes(b"a few bytes")
    split_file(small, folder, "run", 1000)
    assert sorted(path.name for path in folder.iterdir()) == ["run.000", "run.parts.json"]
    join_parts(folder, "run", tmp_path / "joined")
    assert (tmp_path / "joined").read_bytes() == b"a few bytes"


def test_an_index_that_is_no_index_is_a_sentence(tmp_path: Path) -> None:
    assert not has_parts(tmp_path, "run")
    (tmp_path / "run.parts.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="Copy the folder again"):
        join_parts(tmp_path, "run", tmp_path / "joined")
