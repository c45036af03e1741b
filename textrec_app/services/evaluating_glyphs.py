"""Measure how well a recognizer finds ink and characters, on rendered words whose ink and characters are known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from models.charset import Charset
from models.recognition.siga import SigaNetwork
from models.recognition.text_network import TextNetwork
from models.weights import load_network
from textrec_app.errors import InputError
from textrec_app.evaluation.glyph_report import GlyphReport, WordFinding, summarise_sets
from textrec_app.services.context import App
from textrec_app.services.evaluating import find_weights
from textrec_app.services.observing_glyphs import observe_words, render_probe_sets
from textrec_app.training.word_pools import RenderMaterial

LARGE_CHARSET = 6763
"""Characters of GB2312, METHODS section 1.1.4."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class GlyphEvaluationRequest:
    """What to measure.

    Attributes:
        model: a checkpoint's name, or the path of a safetensors file; None takes what is in use.
        count: words of each set.
        seed: another seed, other words; all are different from those of any training.
        material: what the words are drawn from.
    """

    model: str | None = None
    count: int = 300
    seed: int = 0
    material: RenderMaterial = field(default_factory=RenderMaterial)


@dataclass(frozen=True)
class HeadSize:
    """Parameters of a 1 x 1 convolution that says what each place belongs to, with its biases.

    Attributes:
        glyph: of the network's own, one class for each place in the reading order and one for the background.
        per_class: of one with a class for each of 6,763 characters and one for the background.
    """

    glyph: int
    per_class: int


@dataclass(frozen=True)
class GlyphEvaluation:
    """What was measured.

    Attributes:
        sets: "straight", "curved", "blurred", "all".
        heads: of all scales together; None for a network without glyph maps.
    """

    model: str
    architecture: str
    sets: dict[str, GlyphReport]
    heads: HeadSize | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        heads = None if self.heads is None else {"glyph": self.heads.glyph, "per_class": self.heads.per_class}
        sets = {name: report.to_dict() for name, report in self.sets.items()}
        return {"model": self.model, "architecture": self.architecture, "sets": sets, "head_parameters": heads}


def measure_glyphs(
    app: App, request: GlyphEvaluationRequest, on_progress: Progress = lambda done, total: None
) -> GlyphEvaluation:
    """Read rendered words and compare where the network looked with where they were drawn.

    Raises:
        InputError: no words can be rendered, or the checkpoint reads no text.
        NotFoundError: there is no such checkpoint.
        WeightsError: its weights are missing or altered.
    """
    path = find_weights(app, "recognizer", request.model)
    device = torch.device(app.models.device)
    network, card = load_network(path, device)
    if not isinstance(network, TextNetwork):
        raise InputError(f"{path.name} is a {card.task}, not a recognizer. Name a recognizer checkpoint.")
    charset = Charset(card.charset)
    words = render_probe_sets(request.material, charset, request.count, request.seed)
    network = network.to(memory_format=torch.channels_last)
    sets: dict[str, list[WordFinding]] = {}
    for name, drawn in words.items():
        sets[name] = observe_words(network, charset, drawn, device)
        on_progress(len(sets), len(words))
    return GlyphEvaluation(f"{card.name}@{card.version}", card.architecture, summarise_sets(sets), size_heads(network))


def size_heads(network: torch.nn.Module, characters: int = LARGE_CHARSET) -> HeadSize | None:
    """Parameters of a network's glyph heads, and of heads with one class a character in their place.

    Args:
        characters: of the charset that is compared with.

    Returns:
        None for a network without glyph maps.
    """
    if not isinstance(network, SigaNetwork) or network.glyphs is None:
        return None
    heads = [network.glyphs.coarse.head, network.glyphs.middle.head]
    shapes = [(head.in_channels, head.out_channels) for head in heads]
    glyph = sum(count_head_parameters(width, classes) for width, classes in shapes)
    return HeadSize(glyph, sum(count_head_parameters(width, characters + 1) for width, _ in shapes))


def count_head_parameters(width: int, classes: int, with_biases: bool = True) -> int:
    """Parameters of a 1 x 1 convolution from `width` channels to `classes`."""
    return classes * (width + int(with_biases))
