"""Files, folders and zips that people hand over, hostile ones included."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from textrec_app.services.uploads import Upload, count_uploads, expand_uploads

LIMIT = 1_000_000


def _expand(*paths: Path, limit: int = LIMIT) -> list[Upload]:
    return list(expand_uploads(paths, limit))


def _zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_folder_is_walked_in_the_order_of_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "Straße 日本"
    (folder / "b").mkdir(parents=True)
    for name in ("z.png", "b/ü.jpg", "a.png", ".hidden.png", "Thumbs.db", "b/.DS_Store"):
        (folder / name).write_bytes(name.encode())
    uploads = _expand(folder)
    assert [upload.name for upload in uploads] == ["Straße 日本/a.png", "Straße 日本/b/ü.jpg", "Straße 日本/z.png"]
    assert [upload.data for upload in uploads] == [b"a.png", "b/ü.jpg".encode(), b"z.png"]
    assert count_uploads([folder]) == 3


def test_what_lies_beside_pictures_is_ignorable_but_a_named_file_is_not(tmp_path: Path) -> None:
    notes = tmp_path / "folder" / "notes.txt"
    notes.parent.mkdir()
    notes.write_bytes(b"hello")
    assert [upload.is_ignorable for upload in _expand(notes.parent)] == [True]
    assert [upload.is_ignorable for upload in _expand(notes)] == [False]


def test_a_missing_file_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    there = tmp_path / "there.png"
    there.write_bytes(b"x")
    missing, found = _expand(tmp_path / "missing.png", there)
    assert missing.data is None
    assert "missing.png" in missing.message
    assert found.data == b"x"


def test_a_device_is_not_read_for_ever() -> None:
    (upload,) = _expand(Path("/dev/zero"))
    assert upload.data is None
    assert "not a file" in upload.message


def test_a_file_beyond_the_limit_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    path.write_bytes(b"x" * 2000)
    (upload,) = _expand(path, limit=1000)
    assert upload.data is None
    assert "big.png has 2 kB; at most 1 kB" in upload.message


def test_a_zip_is_read_with_nested_folders_and_unicode_names(tmp_path: Path) -> None:
    path = _zip(
        tmp_path / "bilder.zip", {"a/b/größe.png": b"1", "日本.png": b"2", "__MACOSX/._x.png": b"", "a/.x": b""}
    )
    assert [(upload.name, upload.data) for upload in _expand(path)] == [
        ("bilder.zip/a/b/größe.png", b"1"),
        ("bilder.zip/日本.png", b"2"),
    ]
    assert count_uploads([path]) == 2


def test_a_zip_that_forgot_to_say_utf8_still_shows_its_names(tmp_path: Path) -> None:
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("gr__e.png"), b"1")
    path.write_bytes(path.read_bytes().replace(b"gr__e.png", "gröe.png".encode()))
    assert [upload.name for upload in _expand(path)] == ["mac.zip/gröe.png"]


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("../../etc/passwd.png", "evil.zip/etc/passwd.png"),
        ("/etc/passwd.png", "evil.zip/etc/passwd.png"),
        ("C:\\windows\\..\\x.png", "evil.zip/windows/x.png"),
        ("..", "evil.zip/unnamed"),
    ],
)
def test_no_name_in_a_zip_leads_out_of_it(tmp_path: Path, entry: str, shown: str) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (upload,) = _expand(_zip(folder / "evil.zip", {entry: b"1"}))
    assert (upload.name, upload.data) == (shown, b"1")
    assert [path.name for path in tmp_path.rglob("*")] == ["inbox", "evil.zip"]


def test_a_zip_bomb_is_refused_without_being_unpacked(tmp_path: Path) -> None:
    path = _zip(tmp_path / "bomb.zip", {f"{index}.png": bytes(9_000_000) for index in range(8)})
    (upload,) = _expand(path, limit=10_000_000)
    assert upload.data is None
    assert "bomb.zip would unpack from 7" in upload.message
    assert "72 MB" in upload.message


def test_an_entry_that_is_larger_than_it_says_is_not_believed(tmp_path: Path) -> None:
    path = _zip(tmp_path / "liar.zip", {"a.png": bytes(500_000)})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 500_000), struct.pack("<I", 10)))
    (upload,) = _expand(path)
    assert upload.data is None
    assert "damaged" in upload.message


def test_a_lying_entry_is_not_unpacked_whole(tmp_path: Path) -> None:
    path = _zip(tmp_path / "liar.zip", {"a.png": bytes(60_000_000), "b.png": b"1"})
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 60_000_000), struct.pack("<I", 10)))
    tracemalloc.start()
    try:
        liar, honest = _expand(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert liar.data is None
    assert "larger than the zip says" in liar.message
    assert honest.data == b"1"
    assert peak < 5_000_000


def test_large_entries_and_zips_in_zips_are_told_one_by_one(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.png", b"1")
    files = {"big.png": b"x" * 2000, "inner.zip": inner.getvalue(), "small.png": b"1"}
    big, nested, small = _expand(_zip(tmp_path / "mixed.zip", files, zipfile.ZIP_STORED), limit=1000)
    assert "at most 1 kB" in big.message
    assert "zip inside a zip" in nested.message
    assert small.data == b"1"


def test_a_locked_zip_is_told(tmp_path: Path) -> None:
    path = _zip(tmp_path / "locked.zip", {"a.png": b"1"})
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    data[6] |= 1
    path.write_bytes(bytes(data))
    (upload,) = _expand(path)
    assert upload.data is None
    assert "password" in upload.message


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_damaged_zip_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(data)
    (upload,) = _expand(path)
    assert upload.data is None
    assert "bad.zip is damaged" in upload.message
    assert count_uploads([path]) == 1


def test_one_damaged_entry_does_not_stop_the_others(tmp_path: Path) -> None:
    path = _zip(tmp_path / "half.zip", {"a.png": b"AAAA" * 10, "b.png": b"BBBB" * 10}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"AAAA", b"AXXA", 1))
    damaged, good = _expand(path)
    assert damaged.data is None
    assert good.data == b"BBBB" * 10
