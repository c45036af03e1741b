"""What the Models tab says about checkpoints: plain values for the page."""

from typing import Any

from textrec_app.services.checkpoints import CheckpointView

SET_TITLES = {
    "labels": "Your reviewed words",
    "anchor": "Anchor set (must not be forgotten)",
    "agreement": "Agreement with itself, unlabelled words",
}
HEADLINES = {
    "promoted": "The gate let it pass",
    "rejected": "The gate rejected it",
    "overruled": "Rejected by the gate, put in use by a person",
}
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
    """One line: when it came, and its best known number."""
    parts = [f"{model.created_utc:%Y-%m-%d %H:%M}", f"version {model.version}"]
    parts += [f"{name} {value}" for name, value in list_metrics(model.metrics)[:1]]
    return " · ".join(parts)


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
        "fixed": [],
        "broken": [],
        "facts": describe_facts(model),
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


def _shorten(value: Any, limit: int = 160) -> str:
    if not value:
        return ""
    if isinstance(value, dict):
        value = value.get("name") or ", ".join(f"{name}: {item}" for name, item in value.items())
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
