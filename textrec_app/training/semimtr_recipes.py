"""Presets of learning with and without labels at once."""

from dataclasses import dataclass, field, replace

from models.recognition.semi.options import Belief, ConsistencyOptions, ContrastOptions, SemiOptions
from textrec_app.training.recipes import FitRecipe, RecognizerRecipe

_FIT = FitRecipe(
    "semimtr",
    steps=1500,
    batch_size=64,
    learning_rate=4e-4,
    warmup_steps=30,
    ema_decay=0.99,
    evaluate_every=250,
    save_every=50,
    optimizer="muon",
)


@dataclass(frozen=True)
class SemiRecipe(RecognizerRecipe):
    """A recipe that also says how crops without labels are learnt from.

    Networks other than `abinet_s` have one modality only: of `semi` they use belief, weight and moving average.
    """

    semi: SemiOptions = field(default_factory=SemiOptions)


SEMI_RECIPES = {
    "abinet": SemiRecipe(
        replace(_FIT, name="abinet", learning_rate=8e-4),
        augmentation="both",
        architecture="abinet_s",
        semi=SemiOptions(consistency=None, unlabeled_share=0.0),
    ),
    "seqclr": SemiRecipe(
        replace(_FIT, name="seqclr"),
        augmentation="camera",
        architecture="abinet_s",
        semi=SemiOptions(consistency=None, contrast=ContrastOptions(), unlabeled_share=0.7),
    ),
    "semimtr": SemiRecipe(_FIT, augmentation="camera", architecture="abinet_s"),
    "semimtr_tiny": SemiRecipe(
        replace(_FIT, name="semimtr_tiny", steps=4, batch_size=8, precision="no", evaluate_every=2, save_every=2),
        architecture="abinet_s",
        network=(
            ("widths", (8, 8, 16, 16)),
            ("depths", (1, 1, 1, 1)),
            ("heads", 2),
            ("language_width", 24),
            ("language_depth", 1),
            ("language_heads", 2),
            ("key_width", 8),
        ),
    ),
    "fixmatch": SemiRecipe(
        replace(_FIT, name="fixmatch", learning_rate=2e-4),
        augmentation="camera",
        semi=SemiOptions(ConsistencyOptions(belief=Belief(0.9))),
    ),
}


def find_semi_recipe(name: str, minutes: float | None = None) -> SemiRecipe | None:
    """A preset by name, None where no such name stands here; `minutes` makes its schedule end with the time."""
    recipe = SEMI_RECIPES.get(name)
    if recipe is None or minutes is None:
        return recipe
    return replace(recipe, fit=replace(recipe.fit, minutes_schedule=minutes))
