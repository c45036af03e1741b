"""How many words a second one core renders: ink, composition, and the older renderer that draws one word at a time.

    python -m docs.benchmarks.rendering_speed [--device cuda] [--fonts DIR] [--wordlists DIR] [--backgrounds DIR]

On the CPU, processor time of one thread is counted, so that a busy machine does not spoil the numbers.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.ink_batches import InkSource
from textrec_app.data.synthesis.scene_texts import SceneTexts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.words import WordRenderer
from textrec_app.data.word_effects.compose import compose_words
from textrec_app.data.word_effects.natural import WordPainter
from textrec_app.data.word_effects.surfaces import PhotoBank

WIDTH_PX = 128
BATCH = 128


def measure(count: int, clock: Callable[[], float], work: Callable[[], object]) -> int:
    """Words a second of one call that makes so many."""
    begin = clock()
    work()
    return round(count / (clock() - begin))


def main() -> None:
    """Print one JSON object of words a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--fonts", type=Path)
    parser.add_argument("--wordlists", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--warm", type=int, default=4000, help="words drawn first, which fill the glyph sheets")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    device = torch.device(options.device)
    fonts = FontLibrary.find(options.fonts, with_system=True)
    texts, pictures = TextSource.load(options.wordlists), load_backgrounds(options.backgrounds)
    source, bank = InkSource(fonts, SceneTexts(texts)), PhotoBank(pictures, device)
    generator = np.random.default_rng(0)
    host = time.process_time
    result: dict[str, float] = {"faces": len(fonts.faces)}
    result["ink, cold"] = measure(2000, host, lambda: [source.plan(generator) for _ in range(2000)])
    for _ in range(options.warm):
        source.plan(generator)
    result["ink"] = measure(2000, host, lambda: [source.plan(generator) for _ in range(2000)])
    result["ink in batches of one width"] = measure(
        4 * BATCH, host, lambda: [source.draw_batch(generator, WIDTH_PX, BATCH) for _ in range(4)]
    )
    batches = [source.draw_batch(generator, WIDTH_PX, BATCH) for _ in range(4)]
    compose_words(batches[0], bank, 0)

    def compose() -> None:
        for number, batch in enumerate(batches):
            compose_words(batch, bank, number)
        if device.type != "cpu":
            torch.cuda.synchronize()

    result[f"composed, 128 px, {device.type}"] = measure(
        4 * BATCH, host if device.type == "cpu" else time.perf_counter, compose
    )
    if device.type == "cpu":
        painter = WordPainter(source, bank)
        result["whole words of the pool"] = measure(1000, host, lambda: list(painter.draw(1000, (1,))))
        older = WordRenderer(fonts, texts, pictures)
        for index in range(500):
            older.render(np.random.default_rng([1, index]))
        result["older renderer"] = measure(
            500, host, lambda: [older.render(np.random.default_rng([2, index])) for index in range(500)]
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
