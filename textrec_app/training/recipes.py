"""Typed presets of training settings; the one used is saved inside the checkpoint."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from textrec_app.errors import NotFoundError

ONE_CYCLE_BEGIN = 0.04
Schedule = Literal["cosine", "one_cycle", "stable"]


@dataclass(frozen=True)
class FitRecipe:
    """How a network is fitted, whatever the network.

    Attributes:
        steps: optimizer steps of the whole schedule.
        batch_size: samples a step on all processes together (recognition: of 128 px width).
        learning_rate: peak; warm-up is linear (one_cycle: a cosine), the end is `final_factor` of it.
        schedule: "cosine" falls all the way; "one_cycle" rises for `rise_share`, then falls; "stable" stays at the
            peak until the last `decay_share` (0: to the end), for runs whose length nobody knows: stop when you
            like, then go on with a schedule of its own for the fall.
        decay_share, rise_share: parts of the schedule, see there.
        minutes_schedule: if set, the cosine follows minutes trained instead of steps.
        evaluate_first: measure the base too, so that weights worse than it are never called best.
        minutes_before, steps_before: what earlier schedules of the run took; cosine and warm-up begin there.
        ema_decay: decay of the weight average that is evaluated and shipped; 0 ships the last weights.
        tail_share: over this last part of the schedule the weights are averaged equally instead (SWA); 0 for never.
        optimizer: "muon" orthogonalises the updates of matrices and filters (see `Muon`): a quarter more time a
            step on two cores, and much more learned from each sample.
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
    evaluate_first: bool = False
    minutes_before: float = 0.0
    steps_before: int = 0
    schedule: Schedule = "cosine"
    decay_share: float = 0.2
    rise_share: float = 0.075
    tail_share: float = 0.0
    optimizer: Literal["adamw", "muon"] = "adamw"


@dataclass(frozen=True)
class SelfTraining:
    """How crops without labels are learnt from, see `training.self_training`.

    Attributes:
        rounds: a new teacher labels the crops at the beginning of each.
        confidence: calibrated confidence from which on a label is believed. Labels that are all sure say what the
            teacher knows already; generous thresholds taught more (see docs/LOG.md).
    """

    rounds: int = 1
    confidence: float = 0.2


@dataclass(frozen=True)
class Adaptation:
    """How trained weights are adapted to one kind of pictures, see `training.adaptation`; chosen in docs/LOG.md.

    Attributes:
        tuned: "top": the last convolutional stage, the attention and the head, where that is known of the network
            (half the time of a step, and next to nothing forgotten); "all": everything.
        distillation: weight of staying what it was on rendered words; 0 learns their texts instead.
        min_confidence: readings below this are not believed.
        sure_confidence: from here on a reading counts fully, below it `unsure_weight`.
        max_repeats: of one text a run sees at most so many pictures of each trust.
        uses_vocabulary: readings are weighed by what the pictures say again and again, before and after training.
        share: the result lies so far on the way from the weights in use to those trained.
        softer: smaller shares that the gate may choose instead, where the first goes too far or brings less.
    """

    tuned: Literal["top", "all"] = "top"
    distillation: float = 1.0
    min_confidence: float = 0.2
    sure_confidence: float = 0.8
    unsure_weight: float = 0.5
    max_repeats: int = 40
    uses_vocabulary: bool = True
    share: float = 0.6
    softer: tuple[float, ...] = (0.3, 0.15)


@dataclass(frozen=True)
class GlyphSchedule:
    """How a network with a glyph branch is taught (METHODS section 1.3); others do not look at it.

    Attributes:
        fixed_steps: the trunk and the fast path stay as they are for so many steps, while the branch begins.
        alignment: weight of the alignment losses in the first `alignment_steps`, `alignment_later` afterwards;
            pseudo-labels are useless until the attention is roughly aligned.
        guide: weight of the attention's pull towards the alignment of the fast path in the first `guide_steps`,
            `guide_later` afterwards.
        slots, segmentation, recognition, fast: weights of the other losses, see `GlyphLossWeights`.
    """

    fixed_steps: int = 0
    alignment: float = 1.0
    alignment_later: float = 0.3
    alignment_steps: int = 1500
    guide: float = 0.0
    guide_steps: int = 0
    guide_later: float = 0.0
    slots: float = 1.0
    segmentation: float = 1.0
    recognition: float = 1.0
    fast: float = 1.0


@dataclass(frozen=True)
class RecognizerRecipe:
    """A fit and the mixture that feeds it.

    Attributes:
        rendered_share: share of rendered words in a batch, where there are others.
        augment_strength: 0 (none) to 1.
        augmentation: "none", "camera", "randaugment" or "both", see `augment_word`.
        aspect_jitter: share of batches that are squeezed or stretched into the next bucket (multi-scale sizes).
        concatenation: share of samples that are two crops side by side, where that fits (RecConAug).
        label_smoothing: weight of the pull towards uniform probabilities; 0 for none.
        self_training: how crops without labels are learnt from, where there are such.
        max_width_px: wider crops are left out; short words first teach CTC to align.
        network: settings of the architecture where no base checkpoint is given.
        pseudo_label_weight: weight in the loss of a sample that a model labeled.
        aligned: training tells each column what it shows, see `training.aligned_start`; a beginning from nothing.
        architecture: network by its name in `models.registry`, where no base checkpoint brings its own.
        glyphs: how a glyph branch is taught, where the network has one.
        adaptation: trained weights are adapted to what was harvested, instead of being trained on as a whole.
    """

    fit: FitRecipe
    rendered_share: float = 0.6
    augment_strength: float = 1.0
    pseudo_label_weight: float = 1.0
    max_width_px: int = 1024
    network: tuple[tuple[str, int | float | str | tuple[int, ...]], ...] = ()
    architecture: str = "conv_attention_ctc"
    augmentation: str = "camera"
    aspect_jitter: float = 0.0
    concatenation: float = 0.0
    label_smoothing: float = 0.0
    self_training: SelfTraining | None = None
    aligned: bool = False
    glyphs: GlyphSchedule = GlyphSchedule()
    adaptation: Adaptation | None = None


def learning_rate_factor(progress: float, step: int, recipe: FitRecipe) -> float:
    """Share of the peak learning rate; a function of these arguments alone, so that a resumed run goes on exactly.

    Args:
        progress: part of the schedule that is done, 0 to 1.
        step: optimizer steps done, for the warm-up.

    Source:
        Smith & Topin 2017 (one cycle); Hägele et al. 2024, 2405.18392 (stable, then a fall as 1 - sqrt).
    """
    done = min(max(progress, 0.0), 1.0)
    if recipe.schedule == "one_cycle" and done < recipe.rise_share:
        return _fall(1.0 - done / recipe.rise_share, ONE_CYCLE_BEGIN)
    warmup = 1.0 if recipe.schedule == "one_cycle" else min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    if recipe.schedule == "one_cycle":
        done = (done - recipe.rise_share) / (1.0 - recipe.rise_share)
    if recipe.schedule == "stable":
        falling = (done - 1.0 + recipe.decay_share) / recipe.decay_share if recipe.decay_share else 0.0
        return warmup * (1.0 - (1.0 - recipe.final_factor) * math.sqrt(max(0.0, falling)))
    return warmup * _fall(done, recipe.final_factor)


def _fall(done: float, end: float) -> float:
    """Half a cosine from 1 to `end`."""
    return end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * done))


RECOGNIZER_RECIPES = {
    "align": RecognizerRecipe(
        FitRecipe(
            "align",
            steps=600,
            batch_size=20,
            learning_rate=2e-3,
            warmup_steps=50,
            ema_decay=0.98,
            schedule="stable",
            decay_share=0.4,
            final_factor=0.1,
            optimizer="muon",
        ),
        rendered_share=1.0,
        aligned=True,
    ),
    "start": RecognizerRecipe(
        FitRecipe(
            "start",
            steps=2500,
            batch_size=32,
            learning_rate=1e-3,
            final_factor=0.9,
            evaluate_every=1000,
            optimizer="muon",
        ),
        rendered_share=0.75,
        augment_strength=0.5,
        max_width_px=96,
    ),
    "base": RecognizerRecipe(
        FitRecipe("base", steps=12000, batch_size=80, learning_rate=1.2e-3, evaluate_every=1000, optimizer="muon"),
        rendered_share=0.5,
        augmentation="both",
    ),
    "stable": RecognizerRecipe(
        FitRecipe(
            "stable",
            steps=100_000,
            batch_size=80,
            learning_rate=1e-3,
            evaluate_every=1000,
            schedule="stable",
            optimizer="muon",
        ),
        rendered_share=0.5,
        augmentation="both",
    ),
    "glyphs": RecognizerRecipe(
        FitRecipe("glyphs", steps=6000, batch_size=96, learning_rate=8e-4, evaluate_every=500, optimizer="muon"),
        rendered_share=0.5,
        augmentation="both",
        architecture="siga_s",
        network=(("lag_columns", 2),),  # of recognizer 1.2, measured against the edges of the ink (docs/LOG.md)
        glyphs=GlyphSchedule(fixed_steps=600, guide=1.0, guide_steps=600, guide_later=0.3),
    ),
    "adapt": RecognizerRecipe(
        FitRecipe(
            "adapt",
            steps=600,
            batch_size=48,
            learning_rate=3e-4,
            weight_decay=0.0,
            warmup_steps=20,
            ema_decay=0.98,
            evaluate_every=200,
            save_every=100,
        ),
        rendered_share=0.3,
        augment_strength=0.6,
        adaptation=Adaptation(),
    ),
    "self_train": RecognizerRecipe(
        FitRecipe(
            "self_train",
            steps=1200,
            batch_size=64,
            learning_rate=6e-4,
            optimizer="muon",
            warmup_steps=30,
            ema_decay=0.99,
            evaluate_every=100,
            save_every=50,
        ),
        rendered_share=0.4,
        augmentation="both",
        self_training=SelfTraining(),
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
        adaptation=Adaptation(),
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
