"""The learned judges of links: small networks whose numbers stand in a JSON file beside this one."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from textrec_app.errors import InputError
from textrec_app.pipeline.grouping_geometry import Floats

MODEL_FILE = Path(__file__).with_name("grouping_links.json")


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Log-odds that two boxes belong together.

    Attributes:
        features: names of the columns that it expects.
        shift, scale: (F,) what a column is lessened by and then divided by.
        layers: weights (in, out) and biases (out,); all but the last are followed by a rectifier.
    """

    features: tuple[str, ...]
    shift: Floats
    scale: Floats
    layers: tuple[tuple[Floats, Floats], ...]

    def score(self, names: tuple[str, ...], features: Floats) -> Floats:
        """Log-odds (M,) of candidates.

        Args:
            names: of the columns.
            features: (M, len(names)).

        Raises:
            InputError: a column that the judge needs is not among them.
        """
        missing = [name for name in self.features if name not in names]
        if missing:
            raise InputError(f"The judge of links needs {', '.join(missing)}; fit it anew on what there is.")
        columns = [names.index(name) for name in self.features]
        values = (features[:, columns] - self.shift) / self.scale
        for weights, biases in self.layers[:-1]:
            values = np.maximum(values @ weights + biases, 0.0)
        weights, biases = self.layers[-1]
        return (values @ weights + biases)[:, 0]


@cache
def load_models(path: Path = MODEL_FILE) -> dict[str, LinkModel]:
    """The judges by what they judge: "words", "stacks" and "rows"."""
    return {name: _parse(content) for name, content in json.loads(path.read_text(encoding="utf-8")).items()}


def save_models(models: dict[str, LinkModel], path: Path = MODEL_FILE) -> None:
    """Write judges, four significant digits a number."""
    content = {
        name: {
            "features": list(model.features),
            "shift": _plain(model.shift),
            "scale": _plain(model.scale),
            "layers": [[_plain(weights), _plain(biases)] for weights, biases in model.layers],
        }
        for name, model in models.items()
    }
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    load_models.cache_clear()


def _parse(content: dict[str, list[list[list[float]]]]) -> LinkModel:
    layers = tuple(
        (np.array(weights, np.float64), np.array(biases, np.float64)) for weights, biases in content["layers"]
    )
    names = tuple(str(name) for name in content["features"])
    return LinkModel(names, np.array(content["shift"], np.float64), np.array(content["scale"], np.float64), layers)


def _plain(values: Floats) -> list[object]:
    return np.vectorize(lambda value: float(f"{value:.4g}"))(values).tolist()
