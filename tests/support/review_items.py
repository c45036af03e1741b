"""Words that wait for review, with the texts a test wants; and what the store holds of them afterwards."""

from collections.abc import Sequence

from storage import decisions, items, pictures, selections
from storage.pictures import NewHarvestFile
from storage.records import CheckpointRef, EventRecord, NewItem, NewPicture, NewReading, NewSelection
from tests.support.pictures import draw_word, to_png
from textrec_app.services.context import App
from textrec_app.services.crops import compute_perceptual_hash, encode_png

MADE_UP = CheckpointRef("made up", "1", "9" * 64)
CORNERS = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))


def add_waiting(app: App, texts: Sequence[str], first_seed: int = 0) -> None:
    """One crop for each text, read by a made-up model; the crop shows its number, the text may say anything."""
    selection = selections.add_selection(app.store, NewSelection("harvest", "ana", 0.99, 0.9, MADE_UP))
    for index, text in enumerate(texts):
        crop = draw_word(f"word {index}", seed=first_seed + index)
        confidence = 0.3 + 0.4 * index / max(1, len(texts))
        name = f"picture {first_seed + index}.png"
        picture = NewPicture(app.store.files.add(to_png(crop)), name, "crop", 100, *crop.shape[:2], "ana")
        item = NewItem(
            0,
            CORNERS,
            1.0,
            0.0,
            "Latin",
            app.store.files.add(encode_png(crop)),
            crop.shape[:2],
            compute_perceptual_hash(crop),
        )
        reading = NewReading(text, confidence, -1.0, (), MADE_UP, False)
        file = NewHarvestFile(selection.selection_id, name, "read", 1, 0, 1)
        pictures.add_picture(app.store, picture, [(item, reading)], file)


def list_decisions(app: App) -> list[EventRecord]:
    """All events of all items, oldest first."""
    statuses = tuple(items.count_by_status(app.store))
    found = items.list_newest(app.store, statuses, limit=10_000)
    events = [event for item in found for event in decisions.list_events(app.store, item.item_id)]
    return sorted(events, key=lambda event: event.event_id)
