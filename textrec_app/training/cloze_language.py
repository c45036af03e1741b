"""Pre-training the bidirectional language model on text alone: every step is filled in from the others.

Source:
    METHODS section 5.2: clean one-hot inputs, the diagonal mask does the denoising; spelling mutations are an option.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.charset import PRINTABLE_ASCII, Charset
from models.glyph.losses.token_loss import token_loss
from models.language.cloze_model import ClozeConfig, ClozeModel
from models.tokenizers import END, IGNORED
from models.weights import WeightCard, save_weights
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError
from textrec_app.training.fit import FitResult, FitTask, ProgressSink, StopCheck, fit
from textrec_app.training.recipes import FitRecipe

FILE_STEM, ARCHITECTURE = "language_cloze", "cloze"
HELD_BACK_SHARE = 0.05
EVALUATED_WORDS = 2000
DRAWN_FOR_ONE = 4  # as many texts are drawn for each one used, so that a batch holds texts of like length
MOST_EDITS = 3
MOST_TRIES = 50

LANGUAGE_FIT = FitRecipe(
    "cloze",
    steps=6000,
    batch_size=128,
    learning_rate=2e-3,
    warmup_steps=50,
    evaluate_every=500,
    save_every=250,
    optimizer="muon",
)


@dataclass(frozen=True)
class ClozeRecipe:
    """How the model is taught.

    Attributes:
        mutations: share of the texts that are misspelt by 1 to 3 edits on their way in; 0 leaves all as they are.
    """

    fit: FitRecipe = LANGUAGE_FIT
    network: ClozeConfig = field(default_factory=ClozeConfig)
    mutations: float = 0.0


CLOZE_RECIPES = {
    "cloze": ClozeRecipe(),
    "cloze_noise": ClozeRecipe(replace(LANGUAGE_FIT, name="cloze_noise"), mutations=0.3),
    "cloze_tiny": ClozeRecipe(
        replace(LANGUAGE_FIT, name="cloze_tiny", steps=4, batch_size=8, precision="no", evaluate_every=4),
        ClozeConfig(width=24, depth=1, heads=2),
    ),
}


class ClozeTexts:
    """Draws texts to learn from; a twentieth of all texts, whatever their case, is kept for measuring."""

    def __init__(self, source: TextSource, charset: Charset, max_length: int) -> None:
        self.source, self.charset, self.max_length = source, charset, max_length

    def draw(self, generator: np.random.Generator, held_back: bool = False) -> str:
        """One text of 1 to `max_length` characters.

        Raises:
            InputError: hardly a text of the source can be used.
        """
        for _ in range(MOST_TRIES * (20 if held_back else 1)):
            text = self.source.draw(generator)
            usable = 0 < len(text) <= self.max_length and self.charset.covers(text)
            if usable and is_held_back(text) == held_back:
                return text
        raise InputError("The word lists have hardly a text of printable ASCII; name others with --wordlists.")

    def draw_alike(self, count: int, generator: np.random.Generator) -> list[str]:
        """Texts of about one length, each length as often as it is drawn."""
        texts = sorted((self.draw(generator) for _ in range(count * DRAWN_FOR_ONE)), key=len)
        part = int(generator.integers(DRAWN_FOR_ONE))
        return texts[part * count : (part + 1) * count]

    def held_back(self, count: int, seed: int = 0) -> list[str]:
        """Different texts that are never learnt from."""
        generator = np.random.default_rng([seed, 77])
        texts: dict[str, None] = {}
        for _ in range(count * 4):
            texts[self.draw(generator, held_back=True)] = None
            if len(texts) == count:
                break
        return list(texts)


@dataclass(frozen=True)
class ClozeBatch:
    """What goes in, and what it stands for."""

    shown: list[list[int]]
    answers: list[list[int]]


class ClozeTask:
    """What `fit` needs to know about the language model."""

    def __init__(self, texts: ClozeTexts, recipe: ClozeRecipe) -> None:
        torch.manual_seed(recipe.fit.seed)
        self.model = ClozeModel(recipe.network)
        self.network: nn.Module = self.model
        self.texts, self.recipe = texts, recipe
        self.measured = [texts.charset.encode(text) for text in texts.held_back(EVALUATED_WORDS)]

    def batch(self, step: int, process: int, processes: int) -> ClozeBatch:
        """See `FitTask.batch`."""
        generator = np.random.default_rng([self.recipe.fit.seed, step, process])
        size = max(2, self.recipe.fit.batch_size // processes)
        answers = [self.texts.charset.encode(text) for text in self.texts.draw_alike(size, generator)]
        classes, longest = self.recipe.network.classes, self.recipe.network.max_length
        shown = [
            mutate(ids, classes, longest, generator) if generator.random() < self.recipe.mutations else ids
            for ids in answers
        ]
        return ClozeBatch(shown, answers)

    def loss(self, network: nn.Module, batch: ClozeBatch, device: torch.device) -> tuple[Tensor, int]:
        """Mean cross-entropy of all characters and ends."""
        probs, lengths, answers = frame_cloze(batch, self.recipe.network.classes, device)
        logits = network(probs, lengths).logits
        return token_loss(logits, answers), len(batch.answers)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """How well held-back texts are filled in; `score` is the accuracy of characters."""
        found = measure_cloze(self.model, self.measured, device)
        generator = np.random.default_rng(5)
        misspelt = [_substitute(ids, self.recipe.network.classes, generator) for ids in self.measured]
        mended = measure_cloze(self.model, self.measured, device, misspelt)["character_accuracy"]
        return found | {"accuracy_beside_an_error": mended, "score": found["character_accuracy"]}


def is_held_back(text: str) -> bool:
    """Whether a text, in whatever case, belongs to the part that is never learnt from."""
    digest = hashlib.sha256(f"cloze-1:{text.lower()}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32 < HELD_BACK_SHARE


def frame_cloze(batch: ClozeBatch, classes: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """One-hot texts (B, S, K), their steps with the end (B,), and answers (B, S), `IGNORED` after the end."""
    longest = max((len(ids) for ids in (*batch.shown, *batch.answers)), default=0) + 1
    shown = torch.tensor([ids + [END] * (longest - len(ids)) for ids in batch.shown], dtype=torch.long)
    answers = torch.tensor(
        [[*ids, END, *[IGNORED] * (longest - len(ids) - 1)] for ids in batch.answers], dtype=torch.long
    )
    lengths = torch.tensor([len(ids) + 1 for ids in batch.shown], dtype=torch.long)
    shape = (len(batch.shown), longest)
    probs = functional.one_hot(shown.view(shape), classes).float()
    return probs.to(device), lengths.to(device), answers.view(shape).to(device)


def mutate(ids: Sequence[int], classes: int, longest: int, generator: np.random.Generator) -> list[int]:
    """A text with 1 to 3 characters replaced, added or lost; never empty, never longer than `longest`."""
    result = list(ids)
    for _ in range(int(generator.integers(1, MOST_EDITS + 1))):
        place, kind = int(generator.integers(len(result))), int(generator.integers(3))
        wrong = int(generator.integers(1, classes))
        if kind == 0 and len(result) > 1:
            del result[place]
        elif kind == 1 and len(result) < longest:
            result.insert(place, wrong)
        else:
            result[place] = wrong
    return result


@torch.no_grad()
def measure_cloze(
    model: ClozeModel,
    texts: Sequence[Sequence[int]],
    device: torch.device,
    shown: Sequence[Sequence[int]] | None = None,
) -> dict[str, float]:
    """Accuracy and bits of each character filled in from the others; ends, which the lengths give away, do not count.

    Args:
        texts: class ids.
        shown: what stands in their place, of the same lengths; only characters that were not changed are counted then.

    Returns:
        `character_accuracy` and `bits_per_character`; 0 without a character.
    """
    model.eval()
    right, bits, count = 0.0, 0.0, 0
    seen = texts if shown is None else shown
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for start in range(0, len(order), 256):
        chosen = order[start : start + 256]
        batch = ClozeBatch([list(seen[index]) for index in chosen], [list(texts[index]) for index in chosen])
        probs, lengths, answers = frame_cloze(batch, model.config.classes, device)
        log_probs = model(probs, lengths).logits.float().log_softmax(dim=-1)
        counted = (answers > END) & (probs.argmax(dim=-1) == answers)
        right += float((log_probs.argmax(dim=-1) == answers)[counted].sum())
        own = log_probs.gather(2, answers.clamp(min=0)[..., None])[..., 0]
        bits -= float(own[counted].sum()) / math.log(2.0)
        count += int(counted.sum())
    return {"character_accuracy": right / max(1, count), "bits_per_character": bits / max(1, count)}


def train_cloze(
    task: ClozeTask,
    out: Path,
    card: WeightCard,
    minutes: float | None = None,
    device: str = "auto",
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> tuple[Path, FitResult]:
    """Train, or go on with what `out` holds, and write `out/language_cloze.safetensors` with its card.

    Args:
        card: its task, architecture, settings and metrics are filled in here.
    """
    fitted: FitTask = task
    result = fit(
        fitted,
        task.recipe.fit,
        out,
        minutes=minutes,
        device=device,
        should_stop=should_stop,
        on_progress=on_progress,
    )
    whole = replace(
        card,
        task="language",
        architecture=ARCHITECTURE,
        config=asdict(task.recipe.network),
        charset=PRINTABLE_ASCII,
        recipe=asdict(task.recipe),
        metrics={"held_back": result.metrics, "steps": result.step, "trained_s": round(result.trained_s, 1)},
    )
    tensors = {name: tensor.half() for name, tensor in (result.best if result.metrics else result.average).items()}
    return save_weights(out, FILE_STEM, tensors, whole, compact=True), result


def _substitute(ids: Sequence[int], classes: int, generator: np.random.Generator) -> list[int]:
    """A text with one character replaced."""
    result = list(ids)
    result[int(generator.integers(len(result)))] = int(generator.integers(1, classes))
    return result
