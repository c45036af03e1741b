"""Words that the Train and Models tabs use for frozen sets and verdicts."""

SET_NAMES = {
    "labels": "your reviewed words",
    "anchor": "anchor words, not to be forgotten",
    "agreement": "agreement with itself on unlabelled words",
    "changes": "unlabelled words believed right",
}
VERDICTS = {
    "promoted": "Better: the new model is in use",
    "rejected": "Not better: the old model stays in use",
    "overruled": "Rejected by the gate, put in use by a person",
}


def name_set(name: str) -> str:
    """A frozen set's name for people."""
    return SET_NAMES.get(name, name)
