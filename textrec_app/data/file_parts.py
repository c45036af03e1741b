"""One large file as parts of a size that a transfer takes, and back; a damaged part is named."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from textrec_app.errors import InputError

PART_BYTES = 16 * 1024 * 1024 - 4096


def split_file(source: Path, folder: Path, name: str, part_bytes: int = PART_BYTES) -> list[Path]:
    """Write `name.000`, `name.001`, … and, last, `name.parts.json` with the SHA-256 of each and of the whole.

    Parts of an earlier file of that name are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / _index_name(name)
    index.unlink(missing_ok=True)
    for old in folder.glob(f"{name}.[0-9][0-9][0-9]"):
        old.unlink()
    whole = hashlib.sha256()
    parts: list[dict[str, str | int]] = []
    paths: list[Path] = []
    with source.open("rb") as stream:
        while chunk := stream.read(part_bytes):
            path = folder / f"{name}.{len(parts):03d}"
            path.write_bytes(chunk)
            whole.update(chunk)
            parts.append({"file": path.name, "bytes": len(chunk), "sha256": hashlib.sha256(chunk).hexdigest()})
            paths.append(path)
    described = {"name": name, "bytes": source.stat().st_size, "sha256": whole.hexdigest(), "parts": parts}
    temporary = folder / f".{index.name}.part"
    temporary.write_text(json.dumps(described, indent=1), encoding="utf-8")
    temporary.replace(index)
    return [*paths, index]


def has_parts(folder: Path, name: str) -> bool:
    """Whether a split file of that name lies in the folder."""
    return (folder / _index_name(name)).is_file()


def join_parts(folder: Path, name: str, target: Path) -> None:
    """Put a file together again; it appears whole and unaltered or not at all.

    Raises:
        InputError: the index cannot be read, or a part is missing or altered.
    """
    index = folder / _index_name(name)
    try:
        described = json.loads(index.read_text(encoding="utf-8"))
        parts = [(str(part["file"]), str(part["sha256"])) for part in described["parts"]]
        expected = str(described["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{index} does not list the parts of a file ({error}). Copy the folder again.") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    whole = _write_joined(folder, parts, temporary)
    if whole != expected:
        temporary.unlink()
        raise InputError(f"The parts of {name} in {folder} do not make the file they came from. Copy them again.")
    temporary.replace(target)


def _write_joined(folder: Path, parts: Sequence[tuple[str, str]], target: Path) -> str:
    whole = hashlib.sha256()
    with target.open("wb") as stream:
        for name, expected in parts:
            path = folder / Path(name).name
            if not path.is_file():
                target.unlink()
                raise InputError(f"{path} is missing. Copy all parts, then try again.")
            chunk = path.read_bytes()
            if hashlib.sha256(chunk).hexdigest() != expected:
                target.unlink()
                raise InputError(f"{path} is damaged: its SHA-256 is not the one written down. Copy it again.")
            stream.write(chunk)
            whole.update(chunk)
    return whole.hexdigest()


def _index_name(name: str) -> str:
    return f"{name}.parts.json"
