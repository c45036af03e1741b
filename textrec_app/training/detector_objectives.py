"""What a detector of each architecture is asked for: targets of a view, batches of them, losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.craft import MAP_STRIDE
from models.detection.losses import craft_loss
from models.detection.one_shot import CHARACTER_STRIDE, WORD_STRIDE
from models.detection.one_shot_losses import HeadSamples, HeadTargets, head_losses
from textrec_app.data.detection_targets import DetectionTargets, TargetWord, build_targets
from textrec_app.data.one_shot_targets import InstanceTargets, build_character_targets, build_word_targets
from textrec_app.errors import InputError, NotFoundError


class Objective(Protocol):
    """What the training task needs to know about an architecture."""

    def build(self, size_px: int, words: Sequence[TargetWord], rng: np.random.Generator) -> Any:
        """Targets of one square view."""

    def collate(self, views: Sequence[Any]) -> Any:
        """Targets of a batch."""

    def loss(self, network: nn.Module, images: Tensor, targets: Any) -> Tensor:
        """Mean loss of a batch; images (B, 3, S, S) normalised."""


HEADS = ("word", "character")
TERMS = ("centre", "quad", "iou", "offset", "orientation", "direction", "vector")


class CraftObjective:
    """Region and affinity maps."""

    def build(self, size_px: int, words: Sequence[TargetWord], rng: np.random.Generator) -> DetectionTargets:
        """See `Objective`."""
        return build_targets((size_px // MAP_STRIDE, size_px // MAP_STRIDE), words, MAP_STRIDE)

    def collate(self, views: Sequence[DetectionTargets]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(B, 2, h, w) targets and (B, h, w) weights."""
        maps = np.stack([np.stack([view.region, view.affinity]) for view in views])
        return maps, np.stack([view.weights for view in views])

    def loss(self, network: nn.Module, images: Tensor, targets: tuple[NDArray[np.float32], ...]) -> Tensor:
        """See `models.detection.losses.craft_loss`."""
        maps, weights = (torch.from_numpy(values).to(images.device) for values in targets)
        return craft_loss(network(images), maps, weights)


@dataclass(frozen=True)
class OneShotObjective:
    """Centres, quads and directions of words and characters.

    Attributes:
        word_samples, character_samples: cells at which each instance is regressed.
        character_weight: of the character head's loss; 0 leaves it out.
        left_out: terms of the loss that do not count, for ablations: "iou" or, of one head only, "word.iou".
    """

    word_samples: int = 24
    character_samples: int = 6
    character_weight: float = 0.7
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse terms that there are not.

        Raises:
            InputError: an unknown name in `left_out`.
        """
        known = set(TERMS) | {f"{head}.{term}" for head in HEADS for term in TERMS}
        if unknown := sorted(set(self.left_out) - known):
            raise InputError(f"there is no term {unknown[0]!r} of the loss; choose of {', '.join(TERMS)}")

    def build(
        self, size_px: int, words: Sequence[TargetWord], rng: np.random.Generator
    ) -> tuple[InstanceTargets, InstanceTargets]:
        """See `Objective`; words, then characters."""
        coarse, fine = size_px // WORD_STRIDE, size_px // CHARACTER_STRIDE
        return (
            build_word_targets((coarse, coarse), words, WORD_STRIDE, self.word_samples, rng),
            build_character_targets((fine, fine), words, CHARACTER_STRIDE, self.character_samples, rng),
        )

    def collate(self, views: Sequence[tuple[InstanceTargets, InstanceTargets]]) -> tuple[HeadTargets, HeadTargets]:
        """Targets of both heads, as tensors."""
        return collate_head([view[0] for view in views]), collate_head([view[1] for view in views])

    def loss(self, network: nn.Module, images: Tensor, targets: tuple[HeadTargets, HeadTargets]) -> Tensor:
        """See `models.detection.one_shot_losses.head_losses`."""
        said = network(images)
        terms: dict[str, Tensor] = {}
        for name, maps, head, weight in (
            ("word", said.words, targets[0], 1.0),
            ("character", said.characters, targets[1], self.character_weight),
        ):
            if weight:
                moved = head._replace(
                    centre=head.centre.to(images.device),
                    weights=head.weights.to(images.device),
                    samples=HeadSamples(*(values.to(images.device) for values in head.samples)),
                )
                terms |= {f"{name}.{term}": weight * value for term, value in head_losses(maps, moved).items()}
        kept = [value for name, value in terms.items() if not {name, name.split(".")[1]} & set(self.left_out)]
        return torch.stack(kept).sum()


def collate_head(views: Sequence[InstanceTargets]) -> HeadTargets:
    """Targets of one head for a batch, from those of its pictures."""
    pictures = [np.full(len(view.samples.cells), index, np.int64) for index, view in enumerate(views)]
    samples = [
        torch.from_numpy(np.concatenate([getattr(view.samples, name) for view in views]))
        for name in HeadSamples._fields[1:]
    ]
    return HeadTargets(
        centre=torch.from_numpy(np.stack([view.centre for view in views])),
        weights=torch.from_numpy(np.stack([view.weights for view in views])),
        samples=HeadSamples(torch.from_numpy(np.concatenate(pictures)), *samples),
    )


def create_objective(architecture: str) -> Objective:
    """The objective of an architecture.

    Raises:
        NotFoundError: no detector has it.
    """
    if architecture == "craft":
        return CraftObjective()
    if architecture == "one_shot":
        return OneShotObjective()
    raise NotFoundError(f"there is no detector {architecture!r}; choose craft or one_shot")
