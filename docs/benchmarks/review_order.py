"""What each order of review brings: wrong readings settled by the first decisions, on labelled words.

    python -m docs.benchmarks.review_order --data FOLDER [--limit 1500] [--readings FILE] [--json]

FOLDER has `labels.tsv`. The shipped recognizer reads its words once; `--readings` keeps what it read for the next time.
A person who knows every label then decides in each order. Counted are wrong readings that got their right text; with
`twins` near-duplicates are decided together, as Review does, and those that got a wrong text by it are counted too.
Case and spaces are left out of the comparison. No evidence of views is used: the order goes by confidence and looks.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from models.weights import PRETRAINED_DIR
from textrec_app.data.near_duplicates import group_by_hash
from textrec_app.data.readers.label_folders import read_label_folder
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.crops import compute_perceptual_hash
from textrec_app.services.review_order import MAX_TWINS, compute_doubt, compute_gain

BATCH = 32
STEPS = (50, 100, 200, 400)


@dataclass(frozen=True)
class Word:
    """A word with its label and what was read in it."""

    label: str
    text: str
    confidence: float
    look: str

    @property
    def is_wrong(self) -> bool:
        """Whether the reading is not the label."""
        return strip(self.text) != strip(self.label)


def strip(text: str) -> str:
    """A text without case and spaces."""
    return "".join(text.casefold().split())


def read_words(directory: Path, limit: int) -> list[Word]:
    """The first words of a folder as the shipped recognizer reads them."""
    recognizer = Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors", "cpu")
    words: list[Word] = []
    samples = read_label_folder(directory)[:limit]
    for start in range(0, len(samples), BATCH):
        batch = samples[start : start + BATCH]
        crops = [load_image(sample.source.read_bytes()) for sample in batch]
        for sample, crop, reading in zip(batch, crops, recognizer.read(crops), strict=True):
            words.append(Word(sample.text, reading.text, reading.confidence, compute_perceptual_hash(crop)))
    return words


def find_clusters(words: Sequence[Word]) -> list[list[int]]:
    """For each word the words of its look and reading, itself included."""
    looks = group_by_hash([word.look for word in words])
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (word, look) in enumerate(zip(words, looks, strict=True)):
        members[look, word.text].append(index)
    return [members[look, word.text] for word, look in zip(words, looks, strict=True)]


def order_words(words: Sequence[Word], clusters: Sequence[Sequence[int]], order: str, seed: int) -> list[int]:
    """Indices in the order in which a person would be asked."""
    indices = list(range(len(words)))
    if order == "random":
        random.Random(seed).shuffle(indices)
        return indices
    if order == "uncertain":
        return sorted(indices, key=lambda index: abs(words[index].confidence - 0.5))
    doubts = [compute_doubt(word.text, word.confidence, None) for word in words]
    firsts = {max(cluster, key=lambda index: (doubts[index], -index)) for cluster in clusters}
    gains = [compute_gain(doubts[index], len(clusters[index]), index in firsts) for index in indices]
    return sorted(indices, key=lambda index: -gains[index])


def simulate(
    words: Sequence[Word], clusters: Sequence[Sequence[int]], order: Sequence[int], with_twins: bool
) -> dict[int, tuple[int, int, int]]:
    """After so many decisions: wrong readings settled, words decided, words that got a wrong text from their twin."""
    decided: set[int] = set()
    settled = harmed = n_decisions = 0
    found: dict[int, tuple[int, int, int]] = {}
    for index in order:
        if index in decided:
            continue
        twins = [other for other in clusters[index] if other not in decided and other != index] if with_twins else []
        for other in [index, *twins[:MAX_TWINS]]:
            decided.add(other)
            is_harmed = strip(words[other].label) != strip(words[index].label)
            harmed += is_harmed
            settled += words[other].is_wrong and not is_harmed
        n_decisions += 1
        if n_decisions in STEPS:
            found[n_decisions] = (settled, len(decided), harmed)
    return found


def main() -> None:
    """Read, simulate each order, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=1500)
    parser.add_argument("--readings", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.readings and arguments.readings.is_file():
        words = [Word(**row) for row in json.loads(arguments.readings.read_text(encoding="utf-8"))]
    else:
        words = read_words(arguments.data, arguments.limit)
        if arguments.readings:
            arguments.readings.write_text(json.dumps([asdict(word) for word in words]), encoding="utf-8")
    clusters = find_clusters(words)
    n_wrong = sum(word.is_wrong for word in words)
    print(f"{len(words)} words, {n_wrong} read wrong")
    for order, twins in (("random", False), ("uncertain", False), ("uncertain", True), ("gain", False), ("gain", True)):
        found = simulate(words, clusters, order_words(words, clusters, order, arguments.seed), twins)
        if arguments.json:
            print(json.dumps({"order": order, "twins": twins, "settled_decided_harmed": found}))
            continue
        shown = "  ".join(f"{n}: {settled} settled, {harmed} harmed" for n, (settled, _, harmed) in found.items())
        print(f"{order + (' + twins' if twins else ''):18} {shown}")


if __name__ == "__main__":
    main()
