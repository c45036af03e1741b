"""What goes into the folder that continues training elsewhere: code, fonts, word lists, pictures, crops."""

import logging
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import cv2

from models.charset import Charset
from models.weights import card_path
from textrec_app.data.crop_archive import encode_small
from textrec_app.data.recognition_sets import RecognitionSample
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.pipeline.language import SHIPPED
from textrec_app.pipeline.sample_crops import load_sample_crop

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("models", "textrec_app")
NOT_NEEDED = frozenset({"ui", "worker", "__pycache__"})
PACKAGES = (
    *("torch", "accelerate", "safetensors", "numpy", "pillow", "opencv-python-headless", "scikit-learn"),
    *("psutil", "packaging"),
)
BACKGROUND_SIDE_PX = 1000
BACKGROUND_QUALITY = 85
LIST_LINES = 60_000
RUNNING_CHARACTERS = 1_500_000
LIST_LOOK = 200
LEAST_ASCII = 0.9
LARGEST_FONT_BYTES = 512 * 1024


def copy_program(folder: Path) -> None:
    """The Python files that training needs, the script that starts it, and the language.

    Confidences are fitted on words that were read with the language, as they are read wherever the checkpoint goes.
    """
    for source in (SHIPPED, card_path(SHIPPED)) if SHIPPED.is_file() else ():
        target = folder / "program" / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for name in PROGRAM:
        for path in (ROOT / name).rglob("*.py"):
            inner = path.relative_to(ROOT)
            if not NOT_NEEDED & set(inner.parts):
                target = folder / "program" / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    shutil.copyfile(ROOT / "textrec_app" / "cli" / "continue_here.py", folder / "continue.py")
    starter = folder / "continue.sh"
    starter.write_text(
        "#!/bin/sh\n# continue.sh MINUTES [OUT] [options of continue.py]\n"
        'here=$(cd "$(dirname "$0")" && pwd)\nminutes=$1; shift\n'
        'case "${1:-}" in ""|-*) out="${OUT:-$here/out}";; *) out=$1; shift;; esac\n'
        'exec "${PYTHON:-python3}" "$here/continue.py" --minutes "$minutes" --out "$out" "$@"\n',
        encoding="utf-8",
    )
    starter.chmod(0o755)


def list_requirements() -> list[str]:
    """The lines of requirements.txt that training needs, as `name>=version`."""
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\n")]
    named = {re.split(r"[<>=~!\[ ]", line)[0]: line for line in lines if line and not line.startswith("-")}
    return [named.get(name, name) for name in PACKAGES]


def list_fonts(folder: Path | None, with_system: bool = True) -> list[Path]:
    """Usable font files of the folder, and of the system; one of each family first."""
    faces = FontLibrary.find(folder, with_system).faces
    families: dict[str, list[Path]] = {}
    for face in faces:
        path = Path(face.path)
        if face.path:
            families.setdefault(re.split(r"[-_]", path.stem)[0].lower(), []).append(path)
    return [path for row in zip_longest(*families.values()) for path in row if path is not None]


def pack_fonts(target: Path, fonts: Sequence[Path], limit_bytes: int) -> int:
    """Zip as many fonts as the limit takes, in their order.

    Returns:
        How many; fonts over 512 KiB, mostly of other scripts, are left out.
    """
    chosen: list[tuple[Path, str]] = []
    left = limit_bytes
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number, path in enumerate(fonts):
            name = f"{number:03d}{path.suffix.lower()}"
            packed = _deflated_size(path)
            if packed < min(left, LARGEST_FONT_BYTES):
                archive.write(path, name)
                chosen.append((path, name))
                left -= packed
    return len(chosen)


def pack_wordlists(target: Path, folder: Path | None) -> int:
    """Zip the word lists: the most frequent words of each, and the beginning of running text.

    Returns:
        How many lists; those that are not nearly all ASCII are left out.
    """
    lists: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.txt")) if folder is not None else []:
        text = path.read_text(encoding="utf-8", errors="ignore")
        look = text[:20_000]
        first = look.splitlines()[:LIST_LOOK]
        if sum(character.isascii() for character in look) < LEAST_ASCII * len(look):
            continue
        is_list = all(len(line.split()) <= 2 for line in first)
        short = "\n".join(text.splitlines()[:LIST_LINES]) if is_list else text[:RUNNING_CHARACTERS]
        lists.append((path.name, short))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in lists:
            archive.writestr(name, text)
    return len(lists)


def pack_backgrounds(target: Path, folder: Path | None) -> int:
    """Write background pictures as JPEG of at most 1000 px.

    Returns:
        How many.
    """
    if folder is None:
        return 0
    pictures = load_backgrounds(folder)
    target.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        scale = min(1.0, BACKGROUND_SIDE_PX / max(picture.shape[:2]))
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        small = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        options = [cv2.IMWRITE_JPEG_QUALITY, BACKGROUND_QUALITY]
        cv2.imwrite(str(target / f"{number:03d}.jpg"), small, options)
    return len(pictures)


def list_crops(
    samples: Sequence[RecognitionSample], charset: Charset | None, is_small: bool
) -> list[tuple[bytes, str]]:
    """Encoded crops with their labels.

    Args:
        charset: samples with other characters are left out; None keeps every one.
        is_small: code every crop anew as WebP; else pictures that are crops stay as they are.
    """
    return list(_coded([s for s in samples if charset is None or (s.text and charset.covers(s.text))], is_small))


def measure(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; 0 where there is nothing."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _coded(samples: Sequence[RecognitionSample], is_small: bool) -> Iterator[tuple[bytes, str]]:
    for sample in samples:
        is_coded_anew = is_small or sample.quad is not None
        yield encode_small(load_sample_crop(sample)) if is_coded_anew else sample.source.read_bytes(), sample.text


def _deflated_size(path: Path) -> int:
    return len(zlib.compress(path.read_bytes(), 6)) + 200
