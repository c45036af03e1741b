"""Typed presets for training the detector."""

from dataclasses import dataclass, field, replace

from textrec_app.data.detection_samples import ViewRanges
from textrec_app.errors import NotFoundError
from textrec_app.training.recipes import FitRecipe


@dataclass(frozen=True)
class DetectorRecipe:
    """A fit and the views that feed it."""

    fit: FitRecipe
    views: ViewRanges = field(default_factory=ViewRanges)


DETECTOR_RECIPES = {
    "base": DetectorRecipe(
        FitRecipe(
            "base",
            steps=5000,
            batch_size=16,
            learning_rate=2e-3,
            warmup_steps=100,
            weight_decay=0.02,
            ema_decay=0.998,
            evaluate_every=250,
            save_every=250,
        )
    ),
    "one_shot": DetectorRecipe(
        FitRecipe(
            "one_shot",
            steps=6000,
            batch_size=12,
            learning_rate=1.5e-3,
            warmup_steps=100,
            weight_decay=0.02,
            ema_decay=0.998,
            evaluate_every=250,
            save_every=250,
            optimizer="muon",
        )
    ),
    "tiny": DetectorRecipe(
        FitRecipe(
            "tiny",
            steps=4,
            batch_size=2,
            learning_rate=1e-3,
            warmup_steps=2,
            ema_decay=0.5,
            precision="no",
            evaluate_every=4,
            save_every=2,
        ),
        ViewRanges(size_px=64, height_px=(10.0, 30.0)),
    ),
}


USUAL_RECIPE = "base"


def get_detector_recipe(name: str, minutes: float | None = None, architecture: str = "craft") -> DetectorRecipe:
    """A preset by name; `minutes` makes its schedule end with the time instead of the steps.

    Args:
        name: "base" stands for the one named after the architecture, where there is one.

    Raises:
        NotFoundError: there is no such recipe.
    """
    if name not in DETECTOR_RECIPES:
        known = ", ".join(DETECTOR_RECIPES)
        raise NotFoundError(f"there is no recipe {name!r} for the detector; choose one of {known}")
    is_usual = name == USUAL_RECIPE and architecture in DETECTOR_RECIPES
    recipe = DETECTOR_RECIPES[architecture if is_usual else name]
    return recipe if minutes is None else replace(recipe, fit=replace(recipe.fit, minutes_schedule=minutes))
