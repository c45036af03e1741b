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


def get_detector_recipe(name: str, minutes: float | None = None) -> DetectorRecipe:
    """A preset by name; `minutes` makes its schedule end with the time instead of the steps.

    Raises:
        NotFoundError: there is no such recipe.
    """
    if name not in DETECTOR_RECIPES:
        known = ", ".join(DETECTOR_RECIPES)
        raise NotFoundError(f"there is no recipe {name!r} for the detector; choose one of {known}")
    recipe = DETECTOR_RECIPES[name]
    return recipe if minutes is None else replace(recipe, fit=replace(recipe.fit, minutes_schedule=minutes))
