"""What the Models tab says about checkpoints: plain values for the page."""

from typing import Any

from textrec_app.services.checkpoints import CheckpointView
from textrec_app.services.comparing import Comparison
from textrec_app.services.context import App
from textrec_app.ui.changes_view import describe_changes

SET_TITLES = {
    "labels": "Your reviewed words",
    "anchor": "Anchor words, not to be forgotten",
    "agreement": "Agreement with itself on unlabelled words",
    "changes": "Unlabelled words believed right",
}
SHORT_TITLES = {"labels": "reviewed words", "anchor": "anchor words"}
HEADLINES = {
    "promoted": "The gate let it pass",
    "rejected": "The gate rejected it",
    "overruled": "Rejected by the gate, put in use by a person",
}
MAX_FACT_LENGTH = 200
STATE_LINES = {
    "active": "This checkpoint reads your pictures now.",
    "shipped": "Came with the program.",
    "candidate": "Not judged yet: compare it with the model in use.",
    "retired": "Was in use before.",
    "rejected": "The gate rejected it.",
}


def describe_list(models: list[CheckpointView], chosen: str | None) -> dict[str, Any]:
    """The list panel's value."""
    return {
        "chosen": chosen,
        "models": [{"name": model.name, "state": model.state, "line": describe_origin(model)} for model in models],
    }


def describe_origin(model: CheckpointView) -> str:
    """One line: when it came, and how many words it read right on a frozen set, if that is known."""
    after = model.gate.get("after", {})
    known = next((f"{100 * after[name]:.1f} % of {words}" for name, words in SHORT_TITLES.items() if name in after), "")
    return " · ".join([f"{model.created_utc:%Y-%m-%d %H:%M}", f"version {model.version}", *([known] if known else [])])


def describe_model(model: CheckpointView) -> dict[str, Any]:
    """The card of one checkpoint, with what the gate found when it was trained."""
    gate = model.gate
    verdict = gate.get("verdict")
    return {
        "name": model.name,
        "state": model.state,
        "verdict": verdict,
        "headline": HEADLINES.get(verdict, "") if verdict else STATE_LINES.get(model.state, ""),
        "sentences": [*gate.get("reasons", ()), *gate.get("gains", ())],
        "sets": describe_sets(gate.get("sets", ()), gate.get("slices", ())),
        "checks": [dict(check) for check in gate.get("checks", ())],
        "changes": None,
        "job": gate.get("job"),
        "facts": describe_facts(model),
    }


def describe_comparison(app: App, model: CheckpointView, found: Comparison) -> dict[str, Any]:
    """The card of one checkpoint, compared just now with the one in use; with the crops that make the difference."""
    words = "The gate would let it pass" if found.verdict == "promoted" else "The gate would reject it"
    return {
        **describe_model(model),
        "verdict": found.verdict,
        "headline": f"{words}, compared with {found.left} on today's frozen sets",
        "sentences": [*found.reasons, *found.gains],
        "sets": describe_sets(found.sets, found.slices),
        "checks": found.checks,
        "changes": describe_changes(app, found),
        "job": None,
    }


def describe_sets(sets: Any, slices: Any) -> list[dict[str, Any]]:
    """Rows of the before/after table: the frozen sets, then the slices that differ."""
    rows = [_describe_row(row, SET_TITLES.get(row["name"], row["name"]), is_slice=False) for row in sets]
    for row in slices:
        if abs(row["delta"]) > 0:
            parent, _, group = row["name"].partition("/")
            rows.append(_describe_row(row, f"{group or parent}", is_slice=True))
    return rows


def describe_facts(model: CheckpointView) -> list[tuple[str, str]]:
    """Lineage and metrics as pairs of name and text."""
    card = model.card
    facts = [
        ("version", model.version),
        ("made", f"{model.created_utc:%Y-%m-%d %H:%M} UTC by {model.created_by} ({model.origin})"),
        ("trained from", model.parent or "scratch"),
        ("architecture", str(card.get("architecture", ""))),
        ("recipe", _shorten(card.get("recipe"))),
        ("data", _shorten(card.get("data"))),
        ("SHA-256", model.sha256),
        *list_metrics(model.metrics),
    ]
    return [(name, text) for name, text in facts if text]


def list_metrics(metrics: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Every number in the metrics, shares as percent; nested sets keep their name in front."""
    found: list[tuple[str, str]] = []
    for name, value in metrics.items():
        title = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, dict):
            found += list_metrics(value, f"{name} ")
        elif isinstance(value, float) and 0.0 <= value <= 1.0:
            found.append((title, f"{100 * value:.1f} %"))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((title, f"{value:g}"))
    return found


def _describe_row(row: dict[str, Any], title: str, is_slice: bool) -> dict[str, Any]:
    names = ("n", "before", "after", "delta", "ci_low", "ci_high")
    return {"title": title, "is_slice": is_slice, **{name: row[name] for name in names}}


def _shorten(value: Any) -> str:
    """A card's entry in words: plain parts only, hashes left out."""
    if not value:
        return ""
    if isinstance(value, dict):
        inner = value.get("fit", {})
        value = value.get("name") or (inner.get("name") if isinstance(inner, dict) else None) or value
    if isinstance(value, dict):
        parts = [f"{item} {name.replace('_', ' ')}" for name, item in value.items() if isinstance(item, int) and item]
        value = parts or [f"{name}: {item}" for name, item in value.items()]
    if isinstance(value, list | tuple):
        value = ", ".join(_name(item) for item in value)
    text = str(value)
    return text if len(text) <= MAX_FACT_LENGTH else text[: MAX_FACT_LENGTH - 1] + "…"


def _name(item: Any) -> str:
    return str(item.get("name", item)) if isinstance(item, dict) else str(item)
