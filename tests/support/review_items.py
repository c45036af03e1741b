"""Words that wait for review, with the texts a test wants; and what the store holds of them afterwards."""

from collections.abc import Sequence

import numpy as np

from storage import decisions, items, pictures, selections
from storage.pictures import NewHarvestFile
from storage.records import EventRecord, ItemRecord, NewItem, NewPicture, NewReading, NewSelection
from tests.support.pictures import draw_word, to_png
from textrec_app.services.context import App
from textrec_app.services.crops import compute_perceptual_hash, encode_png

CORNERS = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))


def add_waiting(app: App, texts: Sequence[str], first_seed: int = 0) -> list[int]:
    """One crop for each text, as if the model in use had read it; the crop shows its number, the text may say anything.

    Returns:
        The ids of the items; one number more for `first_seed` gives other crops.
    """
    known = {item.item_id for item in _list_all(app)}
    checkpoint = app.models.get_active().checkpoint
    selection = selections.add_selection(app.store, NewSelection("harvest", "ana", 0.99, 0.9, checkpoint))
    for index, text in enumerate(texts):
        crop = draw_word(f"word {index}", seed=first_seed + index)
        confidence = 0.3 + 0.4 * index / max(1, len(texts))
        name = f"picture {first_seed + index}.png"
        height, width = crop.shape[:2]
        picture = NewPicture(app.store.files.add(to_png(crop)), name, "crop", 100, height, width, "ana")
        item = NewItem(
            0,
            CORNERS,
            1.0,
            0.0,
            "Latin",
            app.store.files.add(encode_png(crop)),
            (height, width),
            compute_perceptual_hash(crop),
        )
        reading = NewReading(text, confidence, -1.0, (), checkpoint, False)
        file = NewHarvestFile(selection.selection_id, name, "read", 1, 0, 1)
        pictures.add_picture(app.store, picture, [(item, reading)], file)
    return [item.item_id for item in _list_all(app) if item.item_id not in known]


def add_look_alikes(
    app: App, text: str, confidences: Sequence[float], seed: int = 77, threshold: float = 0.9
) -> list[int]:
    """Crops of one word that differ in brightness only, each read as `text`; kept from the threshold on.

    Returns:
        The ids of the items, in the order of the confidences.
    """
    known = {item.item_id for item in _list_all(app)}
    checkpoint = app.models.get_active().checkpoint
    selection = selections.add_selection(app.store, NewSelection("harvest", "ana", 0.99, threshold, checkpoint))
    word = draw_word("same look", seed=seed)
    for index, confidence in enumerate(confidences):
        crop = np.clip(word.astype(np.int16) - 2 * index, 0, 255).astype(np.uint8)
        height, width = crop.shape[:2]
        name = f"alike {seed} {index}.png"
        picture = NewPicture(app.store.files.add(to_png(crop)), name, "crop", 100, height, width, "ana")
        crop_sha256 = app.store.files.add(encode_png(crop))
        look = compute_perceptual_hash(crop)
        item = NewItem(0, CORNERS, 1.0, 0.0, "Latin", crop_sha256, (height, width), look)
        reading = NewReading(text, confidence, -1.0, (), checkpoint, confidence >= threshold)
        file = NewHarvestFile(selection.selection_id, name, "read", 1, 0, 1)
        pictures.add_picture(app.store, picture, [(item, reading)], file)
    return sorted(item.item_id for item in _list_all(app) if item.item_id not in known)


def list_decisions(app: App, item_ids: Sequence[int]) -> list[EventRecord]:
    """All events of these items, oldest first."""
    events = [event for item_id in item_ids for event in decisions.list_events(app.store, item_id)]
    return sorted(events, key=lambda event: event.event_id)


def _list_all(app: App) -> list[ItemRecord]:
    return items.list_newest(app.store, tuple(items.count_by_status(app.store)), limit=10_000)
