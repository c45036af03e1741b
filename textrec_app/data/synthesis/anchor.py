"""Draw the anchor set: the words that a retrained recognizer must not forget to read.

`python -m textrec_app.data.synthesis.anchor textrec_app/evaluation/anchor.zip` draws the set that ships.
"""

import argparse
import io
import string
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.texts import TextSource, recase
from textrec_app.data.synthesis.words import RenderedWord, WordRenderer, WordStyle

SLICE_SIZE = 100
ANCHOR_SEED = 2026
JPEG_QUALITY = 80
LEAST_CONTRAST = 34
HEIGHT_PX, SMALL_PX = 40, 16
SMALL = "small"
SHORT, LONG = 3, 9
# Fonts whose licences let drawn pictures ship: DejaVu, OFL, GPL with font exception, Apache.
FREE_FAMILIES = (
    "DejaVuSans",
    "DejaVuSerif",
    "Liberation",
    "NotoSans-",
    "NotoSerif-",
    "NotoMono",
    "NotoSansMono",
    "FreeSans",
    "FreeSerif",
    "FreeMono",
    "Roboto",
    "OpenSans",
    "Lato",
    "Oswald",
    "Quicksand",
    "Comfortaa",
    "Lobster",
    "Cantarell",
    "Ubuntu",
    "Carlito",
    "Caladea",
    "Montserrat",
)
DATE = (2026, 1, 1, 0, 0, 0)
TextDrawer = Callable[[np.random.Generator], str]


def draw_anchor_set(fonts: FontLibrary, seed: int = ANCHOR_SEED, slice_size: int = SLICE_SIZE) -> bytes:
    """Draw words of six slices, on drawn textures, with the words inside the code.

    Args:
        fonts: faces to draw with.
        seed: same seed and fonts, same bytes.
        slice_size: how many words of each slice.

    Returns:
        A zip with `labels.tsv` and `SLICE/NNNN.jpg`; slices are clean, blurred, curved, digits,
        punctuation, lines, short, long, small, capitals, codes and sentences.
    """
    texts, backgrounds = TextSource(), load_backgrounds()
    buffer = io.BytesIO()
    labels: list[str] = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, (style, draw_text)) in enumerate(_list_slices(texts).items()):
            height_px = SMALL_PX if name == SMALL else HEIGHT_PX
            renderer = WordRenderer(fonts, texts, backgrounds, height_px=height_px, style=style)
            for index in range(slice_size):
                word = _draw_legible(renderer, draw_text, np.random.default_rng([seed, number, index]))
                path = f"{name}/{index:04d}.jpg"
                _add(archive, path, _encode(word.image))
                labels.append(f"{path}\t{word.text}")
        _add(archive, "labels.tsv", ("\n".join(labels) + "\n").encode())
    return buffer.getvalue()


def _list_slices(texts: TextSource) -> dict[str, tuple[WordStyle, TextDrawer]]:
    """How each slice looks and what it says; new ones come last, so that the words of the others stay."""

    def draw_word(generator: np.random.Generator) -> str:
        return recase(texts.draw_plain(generator), generator)

    def draw_long(generator: np.random.Generator) -> str:
        return recase(_draw_until(texts.draw_plain, generator, lambda text: len(text) >= LONG), generator)

    def draw_short(generator: np.random.Generator) -> str:
        return _draw_until(draw_word, generator, lambda text: len(text) <= SHORT)

    def draw_capitals(generator: np.random.Generator) -> str:
        return texts.draw_plain(generator).upper()

    def draw_sentence(generator: np.random.Generator) -> str:
        return " ".join(texts.draw_plain(generator) for _ in range(generator.integers(2, 5))).capitalize()

    clean = WordStyle(arc_share=0.0, neighbour_share=0.1, damage="none")
    mixed = WordStyle(arc_share=0.0)
    return {
        "clean": (clean, draw_word),
        "blurred": (WordStyle(arc_share=0.0, neighbour_share=0.2, damage="blurred"), draw_word),
        "curved": (WordStyle(arc_share=1.0, damage="none"), draw_word),
        "digits": (mixed, texts.draw_number),
        "punctuation": (mixed, texts.draw_punctuated),
        "lines": (clean, texts.draw_line),
        "short": (mixed, draw_short),
        "long": (mixed, draw_long),
        SMALL: (clean, draw_word),
        "capitals": (mixed, draw_capitals),
        "codes": (mixed, _draw_code),
        "sentences": (mixed, draw_sentence),
    }


def _draw_code(generator: np.random.Generator) -> str:
    letters, digits = string.ascii_uppercase, string.digits
    parts = [
        "".join(generator.choice(list(pool), int(generator.integers(1, 5))))
        for pool in (letters, digits, letters + digits)
    ]
    return ("-" if generator.random() < 0.3 else "").join(parts[: int(generator.integers(2, 4))])


def _draw_until(draw: TextDrawer, generator: np.random.Generator, is_wanted: Callable[[str], bool]) -> str:
    while not is_wanted(text := draw(generator)):
        pass
    return text


def find_free_fonts() -> FontLibrary:
    """Collect the installed fonts of the families that the shipped set is drawn with."""
    library = FontLibrary.find()
    return FontLibrary(face for face in library.faces if Path(face.path).name.startswith(FREE_FAMILIES))


def _draw_legible(renderer: WordRenderer, draw_text: TextDrawer, generator: np.random.Generator) -> RenderedWord:
    """Draw until the ink stands off: what a person cannot read must not judge a model."""
    while True:
        word = renderer.render_text(draw_text(generator), generator)
        ink = word.glyph_mask.astype(bool)
        contrast = np.median(word.image[ink], axis=0) - np.median(word.image[~ink], axis=0)
        if np.abs(contrast).max() >= LEAST_CONTRAST:
            return word


def _encode(image: np.ndarray) -> bytes:
    if image.shape[0] != HEIGHT_PX:
        width = max(1, round(image.shape[1] * HEIGHT_PX / image.shape[0]))
        image = cv2.resize(image, (width, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def _add(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(path, DATE), data, zipfile.ZIP_DEFLATED)


def main() -> None:
    """Write the anchor set to the file named on the command line."""
    parser = argparse.ArgumentParser(description=draw_anchor_set.__doc__)
    parser.add_argument("out", type=Path)
    parser.parse_args().out.write_bytes(draw_anchor_set(find_free_fonts()))


if __name__ == "__main__":
    main()
