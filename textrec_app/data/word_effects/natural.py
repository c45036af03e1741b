"""Words at their natural widths, one after the other: what pools on disk are written from."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.synthesis.ink_batches import InkSource, PlannedWord, pack_inks
from textrec_app.data.word_effects.compose import compose_words
from textrec_app.data.word_effects.surfaces import PhotoBank

WIDTH_STEP_PX = 16
POOL_HEIGHT_PX = 40
GROUP_WORDS = 48


@dataclass(frozen=True, slots=True)
class WordPainter:
    """Draws whole crops on its bank's device; it can be pickled.

    Attributes:
        source: ink.
        bank: what lies behind.
    """

    source: InkSource
    bank: PhotoBank

    def draw(self, count: int, seed: Sequence[int]) -> Iterator[tuple[np.ndarray, str]]:
        """Draw crops of 40 px height with their texts, in no particular order.

        Args:
            count: how many.
            seed: the same seed, material and kind of device give the same crops in the same order.

        Yields:
            (40, W, 3) uint8 RGB and its text.
        """
        generator = np.random.default_rng(list(seed))
        waiting: dict[int, list[PlannedWord]] = defaultdict(list)
        for _ in range(count):
            word = self.source.plan(generator)
            steps = round(word.aspect * HEIGHT_PX / WIDTH_STEP_PX)
            width_px = min(max(1, steps) * WIDTH_STEP_PX, BUCKET_WIDTHS_PX[-1])
            waiting[width_px].append(word)
            if len(waiting[width_px]) == GROUP_WORDS:
                yield from self._compose(waiting.pop(width_px), width_px, generator)
        for width_px, words in sorted(waiting.items()):
            yield from self._compose(words, width_px, generator)

    def _compose(
        self, words: list[PlannedWord], width_px: int, generator: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, str]]:
        batch = pack_inks(words, width_px)
        composed = compose_words(batch, self.bank, int(generator.integers(1 << 31)), POOL_HEIGHT_PX)
        images = composed.images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        yield from zip(images, batch.texts, strict=True)
