"""Blends of the weights in use with those just trained: the gate chooses how far to go. Opens no store."""

from dataclasses import replace
from pathlib import Path

from models.weights import copy_weights, is_stored_compact, load_card, load_tensors, save_weights
from textrec_app.training.adaptation import blend
from textrec_app.training.recipes import Adaptation
from textrec_app.training.recognizer import half

FOLDER = "blends"


def write_blends(candidate: Path, base: Path, settings: Adaptation) -> list[Path]:
    """The candidate as it was trained, then softer ones that lie nearer to the base; made once for a run.

    Args:
        candidate: weights that lie `settings.share` of the way from the base to what was trained.
        base: weights of the same network.

    Raises:
        WeightsError: one of the two is missing or altered.
    """
    folder = candidate.parent / FOLDER
    own = folder / f"{_name(settings.share)}.safetensors"
    if not own.is_file():
        copy_weights(candidate, folder, _name(settings.share))
    paths = [own]
    card = load_card(own)
    before, after = load_tensors(base, load_card(base)), load_tensors(own, card)
    for share in settings.softer:
        path = folder / f"{_name(share)}.safetensors"
        if not path.is_file():
            tensors = blend(before, after, share / settings.share)
            softer = replace(card, metrics={**card.metrics, "share": share})
            save_weights(folder, _name(share), half(tensors), softer, compact=is_stored_compact(own))
        paths.append(path)
    return paths


def adopt(blend_path: Path, candidate: Path) -> None:
    """Let the candidate's file hold this blend."""
    copy_weights(blend_path, candidate.parent, candidate.stem)


def _name(share: float) -> str:
    return f"share-{round(100 * share):03d}"
