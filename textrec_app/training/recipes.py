"""Typed presets of training settings; the one used is saved inside the checkpoint."""

import math
from dataclasses import dataclass, replace

from textrec_app.errors import NotFoundError


@dataclass(frozen=True)
class FitRecipe:
    """How a network is fitted, whatever the network.

    Attributes:
        steps: optimizer steps of the whole schedule.
        batch_size: samples a step on all processes together (recognition: of 128 px width).
        learning_rate: peak; warm-up is linear, then a cosine falls to `final_factor` of it.
        minutes_schedule: if set, the cosine follows minutes trained instead of steps.
        ema_decay: decay of the weight average that is evaluated and shipped.
        precision: "bf16", "fp16" (GPU only) or "no".
        evaluate_every, save_every: in steps.
    """

    name: str
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.02
    warmup_steps: int = 300
    final_factor: float = 0.01
    minutes_schedule: float | None = None
    ema_decay: float = 0.999
    clip_norm: float = 5.0
    precision: str = "bf16"
    evaluate_every: int = 500
    save_every: int = 250
    seed: int = 1


@dataclass(frozen=True)
class RecognizerRecipe:
    """A fit and the mixture that feeds it.

    Attributes:
        rendered_share: share of rendered words in a batch, where there are others.
        augment_strength: 0 (none) to 1.
        max_width_px: wider crops are left out; short words first teach CTC to align.
        network: settings of `conv_attention_ctc` where no base checkpoint is given.
        pseudo_label_weight: weight in the loss of a sample that a model labeled.
    """

    fit: FitRecipe
    rendered_share: float = 0.6
    augment_strength: float = 1.0
    pseudo_label_weight: float = 1.0
    max_width_px: int = 1024
    network: tuple[tuple[str, int | tuple[int, ...]], ...] = ()


def learning_rate_factor(progress: float, step: int, recipe: FitRecipe) -> float:
    """Share of the peak learning rate.

    Args:
        progress: part of the schedule that is done, 0 to 1.
        step: optimizer steps done, for the warm-up.
    """
    warmup = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
    return warmup * (recipe.final_factor + (1.0 - recipe.final_factor) * cosine)


RECOGNIZER_RECIPES = {
    "start": RecognizerRecipe(
        FitRecipe("start", steps=2500, batch_size=32, learning_rate=1e-3, final_factor=0.9, evaluate_every=1000),
        rendered_share=0.75,
        augment_strength=0.5,
        max_width_px=96,
    ),
    "base": RecognizerRecipe(
        FitRecipe("base", steps=12000, batch_size=80, learning_rate=1.2e-3, evaluate_every=1000),
        rendered_share=0.65,
    ),
    "adapt": RecognizerRecipe(
        FitRecipe(
            "adapt",
            steps=600,
            batch_size=64,
            learning_rate=2e-4,
            warmup_steps=30,
            ema_decay=0.99,
            evaluate_every=100,
            save_every=50,
        ),
        rendered_share=0.3,
        augment_strength=0.6,
    ),
    "tiny": RecognizerRecipe(
        FitRecipe(
            "tiny",
            steps=12,
            batch_size=8,
            learning_rate=1e-4,
            warmup_steps=2,
            ema_decay=0.5,
            precision="no",
            evaluate_every=6,
            save_every=3,
        ),
        rendered_share=0.3,
        augment_strength=0.3,
    ),
}


def get_recognizer_recipe(name: str, minutes: float | None = None) -> RecognizerRecipe:
    """A preset by name; `minutes` makes its schedule end with the time instead of the steps.

    Raises:
        NotFoundError: there is no such recipe.
    """
    if name not in RECOGNIZER_RECIPES:
        known = ", ".join(RECOGNIZER_RECIPES)
        raise NotFoundError(f"there is no recipe {name!r} for the recognizer; choose one of {known}")
    recipe = RECOGNIZER_RECIPES[name]
    return recipe if minutes is None else replace(recipe, fit=replace(recipe.fit, minutes_schedule=minutes))
