"""Write rendered sets to disk in the formats that training and evaluation read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.scene_painting import SceneWord
from textrec_app.data.synthesis.scenes import SceneRenderer
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.words import WordRenderer
from textrec_app.errors import InputError

JPEG_QUALITY = 93
COORDINATE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class SynthesisFolders:
    """Where drawing material comes from; None takes system fonts, drawn textures, built-in words."""

    fonts: Path | None = None
    backgrounds: Path | None = None
    wordlists: Path | None = None

    def load(self) -> tuple[FontLibrary, TextSource, list[np.ndarray]]:
        """Read fonts, texts and backgrounds.

        Raises:
            InputError: a named folder is missing or holds nothing usable.
        """
        fonts = FontLibrary.find(self.fonts)
        return fonts, TextSource.load(self.wordlists), load_backgrounds(self.backgrounds)


Progress = Callable[[int, int], None]


def write_words(
    out: Path,
    count: int,
    seed: int = 0,
    folders: SynthesisFolders | None = None,
    on_progress: Progress | None = None,
) -> None:
    """Write a recognition set of drawn word crops; the same seed and material give the same bytes.

    `out` gets `labels.tsv`, `images/*.jpg`, `masks/*.png` (255 where ink is) and `characters.jsonl`
    (`{"image", "text", "characters": [{"text", "quad"}]}`, pixels of the crop).

    Args:
        out: folder, made when missing; files of the same names are replaced.
        count: how many crops.
        seed: crop number i depends on the seed and i alone.
        folders: drawing material.
        on_progress: called with (done, count) after each crop.

    Raises:
        InputError: the count is below 1, `out` is a file, or material is missing.
    """
    _prepare(out, count)
    renderer = WordRenderer(*(folders or SynthesisFolders()).load())
    labels: list[str] = []
    records: list[dict[str, object]] = []
    for stem, generator in _number(count, seed, on_progress):
        word = renderer.render(generator)
        name = f"images/{stem}.jpg"
        _write_pictures(out, stem, word.image, word.glyph_mask)
        labels.append(f"{name}\t{word.text}")
        characters = _list_characters(word.text.replace(" ", ""), word.character_quads)
        records.append({"image": name, "text": word.text, "characters": characters})
    _write_json_lines(out / "characters.jsonl", records)
    (out / "labels.tsv").write_text("\n".join(labels) + "\n", encoding="utf-8", newline="\n")


def write_scenes(
    out: Path,
    count: int,
    seed: int = 0,
    folders: SynthesisFolders | None = None,
    on_progress: Progress | None = None,
    kinds: tuple[str, ...] = (),
) -> None:
    """Write a detection set of drawn scenes; the same seed and material give the same bytes.

    `out` gets `boxes.jsonl` (`{"image", "boxes": [{"quad", "text"}]}`, with `"ignore": true` for words that
    light or damage made invisible), `images/*.jpg`,
    `masks/*.png` (255 where ink is) and `characters.jsonl`
    (`{"image", "words": [{"text", "characters": [{"text", "quad"}]}]}`).

    Args:
        out: folder, made when missing; files of the same names are replaced.
        count: how many scenes.
        seed: scene number i depends on the seed and i alone.
        folders: drawing material.
        on_progress: called with (done, count) after each scene.
        kinds: names of `scene_kinds.KINDS` to draw alone; none draws all.

    Raises:
        InputError: the count is below 1, `out` is a file, a kind is not known, or material is missing.
    """
    _prepare(out, count)
    renderer = SceneRenderer(*(folders or SynthesisFolders()).load(), kinds=kinds)
    boxes: list[dict[str, object]] = []
    records: list[dict[str, object]] = []
    for stem, generator in _number(count, seed, on_progress):
        scene = renderer.render(generator)
        name = f"images/{stem}.jpg"
        _write_pictures(out, stem, scene.image, scene.glyph_mask)
        found = [_describe(word) for word in scene.words]
        boxes.append({"image": name, "boxes": found})
        words = [
            {"text": word.text, "characters": _list_characters(word.text, word.character_quads)} for word in scene.words
        ]
        records.append({"image": name, "words": words})
    _write_json_lines(out / "characters.jsonl", records)
    _write_json_lines(out / "boxes.jsonl", boxes)


def _prepare(out: Path, count: int) -> None:
    if count < 1:
        raise InputError(f"Cannot write {count} pictures; ask for at least 1.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder for the rendered set.")
    for name in ("images", "masks"):
        (out / name).mkdir(parents=True, exist_ok=True)


def _number(count: int, seed: int, on_progress: Progress | None) -> Iterator[tuple[str, np.random.Generator]]:
    for index in range(count):
        yield f"{index:06d}", np.random.default_rng([seed, index])
        if on_progress is not None:
            on_progress(index + 1, count)


def _write_pictures(out: Path, stem: str, image: np.ndarray, mask: np.ndarray) -> None:
    settings = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, picture = cv2.imencode(".jpg", image[..., ::-1], settings)
    (out / "images" / f"{stem}.jpg").write_bytes(picture.tobytes())
    _, ink = cv2.imencode(".png", mask * 255)
    (out / "masks" / f"{stem}.png").write_bytes(ink.tobytes())


def _list_characters(text: str, quads: np.ndarray) -> list[dict[str, object]]:
    return [{"text": character, "quad": _round(quad)} for character, quad in zip(text, quads, strict=True)]


def _describe(word: SceneWord) -> dict[str, object]:
    box: dict[str, object] = {"quad": _round(word.quad), "text": word.text}
    return box | {"ignore": True} if word.is_faint else box


def _round(quad: np.ndarray) -> list[list[float]]:
    return [[round(float(value), COORDINATE_DIGITS) for value in point] for point in quad]


def _write_json_lines(path: Path, records: list[dict[str, object]]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
