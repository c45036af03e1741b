"""Rendered words that networks are measured on, with what their drawing knows: ink and place of every character.

Three sets: straight words, words on an arc, and straight words behind a bad lens. Their seeds lie where no training
draws its words.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.synthesis.ink_batches import InkSource, InkStyle, PlannedWord, pack_inks
from textrec_app.data.word_effects.compose import compose_words, place_characters
from textrec_app.data.word_effects.natural import GROUP_WORDS, WIDTH_STEP_PX
from textrec_app.data.word_effects.surfaces import PhotoBank
from textrec_app.errors import InputError

FIRST_SEED = 9_000_000
PROBE_SETS = ("straight", "curved", "blurred")
LENGTHS = (3, 20)
BENDS_RAD = (0.4, 1.0)
MAX_TRIALS = 2000
MOST_ASPECT = BUCKET_WIDTHS_PX[-1] / HEIGHT_PX
DEFOCUS_PX = (1.2, 2.2)
MOTION_PX = (4.0, 8.0)
REDUCTION = (0.3, 0.5)
NOISE_LEVELS = (2.0, 6.0)
LEAST_COVERAGE = 0.5
LEAST_INK = 0.02


@dataclass(frozen=True, slots=True)
class ProbeWord:
    """One crop and the truth about it.

    Attributes:
        image: (32, W, 3) uint8 RGB.
        text: what is written, without spaces.
        glyph_mask: (32, W) uint8, 1 where the ink of the text (outlines included) lies, as seen by a sharp lens: it
            covers at least half as much of the pixel as of the word's best covered one, so that hairlines count too.
        quads: (n, 4, 2) float32 corners of each character in pixels (centres at whole numbers), clockwise from the
            top-left.
    """

    image: np.ndarray
    text: str
    glyph_mask: np.ndarray
    quads: np.ndarray


def render_probe_words(
    name: str, count: int, source: InkSource, bank: PhotoBank, characters: str, seed: int = 0
) -> list[ProbeWord]:
    """Draw the words of one set.

    Args:
        name: one of `PROBE_SETS`.
        count: how many.
        source: fonts and texts; the style is that of the set.
        bank: what lies behind, on the CPU for words that are the same everywhere.
        characters: those that a text may hold.
        seed: counted from 9,000,000; the same seed and material give the same words.

    Raises:
        InputError: there is no such set, or the material has no fitting words.
    """
    if name not in PROBE_SETS:
        raise InputError(f"There is no set '{name}' of rendered words; choose one of {', '.join(PROBE_SETS)}.")
    generator = np.random.default_rng([FIRST_SEED + seed, PROBE_SETS.index(name)])
    style = InkStyle(bent=1.0 if name == "curved" else 0.0)
    styled = InkSource(source.fonts, source.texts, style)
    planned = [_plan(styled, generator, frozenset(characters)) for _ in range(count)]
    words = _compose(planned, bank, generator)
    return [replace(word, image=spoil_focus(word.image, generator)) for word in words] if name == "blurred" else words


def spoil_focus(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """See a crop through a lens out of focus or in motion, with few pixels: (H, W, 3) uint8 to the same."""
    height, width = image.shape[:2]
    soft = _draw_blur(generator)(image.astype(np.float32))
    scale = generator.uniform(*REDUCTION)
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    small = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)
    small += generator.normal(0.0, generator.uniform(*NOISE_LEVELS), small.shape)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.rint(large).clip(0, 255).astype(np.uint8)


def _draw_blur(generator: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """A filter: half of all lenses are out of focus, half move."""
    if generator.random() < 0.5:
        sigma = generator.uniform(*DEFOCUS_PX)
        return lambda image: cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    length, angle = generator.uniform(*MOTION_PX), generator.uniform(0, np.pi)
    side = 2 * int(np.ceil(length / 2)) + 1
    y, x = np.mgrid[:side, :side] - side // 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = (length / 2 + 0.5 - np.abs(along)).clip(0, 1) * (1 - np.abs(across)).clip(0, 1)
    kernel /= kernel.sum()
    return lambda image: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)


def _plan(source: InkSource, generator: np.random.Generator, known: frozenset[str]) -> PlannedWord:
    low, high = BENDS_RAD if source.style.bent else (0.0, 0.0)
    for _ in range(MAX_TRIALS):
        text = source.texts.draw_word(generator)
        if not LENGTHS[0] <= len(text) <= LENGTHS[1] or not known.issuperset(text):
            continue
        word = source.plan(generator, text)
        is_whole = len(word.line.boxes_xyxy) == len(word.text) and known.issuperset(word.text)
        if is_whole and low <= abs(word.bend_rad) <= high and word.aspect <= MOST_ASPECT:
            return word
    raise InputError(f"No text of {LENGTHS[0]} to {LENGTHS[1]} letters was found. Name other word lists or fonts.")


def _compose(planned: Sequence[PlannedWord], bank: PhotoBank, generator: np.random.Generator) -> list[ProbeWord]:
    """Words at their natural widths, in the order of the plans."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, word in enumerate(planned):
        steps = max(1, round(word.aspect * HEIGHT_PX / WIDTH_STEP_PX))
        groups[min(steps * WIDTH_STEP_PX, BUCKET_WIDTHS_PX[-1])].append(index)
    found: dict[int, ProbeWord] = {}
    for width_px, members in sorted(groups.items()):
        for start in range(0, len(members), GROUP_WORDS):
            chosen = members[start : start + GROUP_WORDS]
            batch = pack_inks([planned[index] for index in chosen], width_px)
            composed = compose_words(batch, bank, int(generator.integers(1 << 31)))
            images = composed.images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
            covered = composed.coverage[:, 0]
            fullest = covered.amax(dim=(1, 2), keepdim=True).clamp(min=LEAST_INK)
            masks = (covered >= LEAST_COVERAGE * fullest).to(torch.uint8).cpu().numpy()
            quads = place_characters(batch, composed.view)
            for row, index in enumerate(chosen):
                found[index] = ProbeWord(images[row], batch.texts[row], masks[row], quads[row].cpu().numpy())
    return [found[index] for index in range(len(planned))]
