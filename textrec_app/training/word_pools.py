"""Pools that recognizer training draws from: rendered words on disk, real crops in memory."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch

from textrec_app.data.crop_pool import CropPool, pool_in_memory, write_pool_shard
from textrec_app.data.recognition_sets import RecognitionSample
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.ink_batches import InkSource
from textrec_app.data.synthesis.scene_texts import SceneTexts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.word_effects.natural import WordPainter
from textrec_app.data.word_effects.surfaces import PhotoBank
from textrec_app.pipeline.sample_crops import load_sample_crop

logger = logging.getLogger(__name__)

SHARD_WORDS = 5000


@dataclass(frozen=True)
class RenderMaterial:
    """What words are rendered from; None takes what the system has or what the project draws itself."""

    fonts: Path | None = None
    wordlists: Path | None = None
    backgrounds: Path | None = None
    with_system_fonts: bool = True


def create_ink_source(material: RenderMaterial) -> InkSource:
    """A source of ink over the material; scanning the fonts takes seconds."""
    fonts = FontLibrary.find(material.fonts, with_system=material.with_system_fonts)
    return InkSource(fonts, SceneTexts(TextSource.load(material.wordlists)))


def create_word_renderer(material: RenderMaterial) -> WordPainter:
    """A renderer over the material, on the CPU; scanning the fonts takes seconds."""
    bank = PhotoBank(load_backgrounds(material.backgrounds), torch.device("cpu"))
    return WordPainter(create_ink_source(material), bank)


def render_word_pool(folder: Path, words: int, seed: int, material: RenderMaterial, processes: int = 1) -> None:
    """Render words into shards of 5000; shards that are there already are kept, so it can be called again.

    The same seed, material and version give the same shards.
    """
    numbers = [n for n in range(-(-words // SHARD_WORDS)) if not (folder / f"{_stem(seed, n)}.jsonl").is_file()]
    if not numbers:
        return
    renderer = create_word_renderer(material)
    if processes == 1:
        for number in numbers:
            _render_shard(renderer, folder, seed, number)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in pool.map(_render_shard, *zip(*((renderer, folder, seed, n) for n in numbers), strict=True)):
            logger.info("shard %d is rendered", done)


def render_words(renderer: WordPainter, words: int, seed: Sequence[int]) -> Iterator[tuple[np.ndarray, str]]:
    """Rendered crops of 40 px height with their texts."""
    yield from renderer.draw(words, seed)


def load_crop_pool(samples: Sequence[RecognitionSample]) -> CropPool:
    """Real labeled crops, held in memory at no more than 64 px of height.

    Raises:
        InputError: a crop is no picture.
    """
    return pool_in_memory((load_sample_crop(sample), sample.text) for sample in samples)


def _render_shard(renderer: WordPainter, folder: Path, seed: int, number: int) -> int:
    cv2.setNumThreads(1)
    write_pool_shard(folder, _stem(seed, number), render_words(renderer, SHARD_WORDS, (seed, number)))
    return number


def _stem(seed: int, number: int) -> str:
    return f"words-{seed}-{number:04d}"
