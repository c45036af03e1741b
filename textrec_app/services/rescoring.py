"""Read again what nobody decided on, after another recognizer came into use."""

import logging
from collections.abc import Callable, Sequence

import numpy as np

from storage import items, readings
from storage.errors import MissingRowError
from storage.records import NewReading
from textrec_app.errors import InputError
from textrec_app.pipeline.evidence import gather_evidence
from textrec_app.services.context import App
from textrec_app.services.crops import decode_png
from textrec_app.services.harvest_rows import Pass, open_pass, to_reading
from textrec_app.services.selection import find_min_precision, settle_promise

logger = logging.getLogger(__name__)

RESCORE_BATCH = 32


def rescore(app: App, who: str, on_progress: Callable[[int], None] | None = None) -> int:
    """Read again, with the recognizer in use now, every item that nobody decided on.

    New readings are added beside the old ones, a batch in each transaction. Stopped in between it can be called again
    and goes on; called twice it does nothing the second time. The precision wished last stays in force.

    Args:
        app: the opened application.
        who: the person whose promotion or rollback made it necessary.
        on_progress: called with the number of items read so far.

    Returns:
        The number of readings added.
    """
    added = after = 0
    current: Pass | None = None
    while True:
        models = app.models.get_active()
        if current is None or models.checkpoint != current.models.checkpoint:
            after = 0
        ids = readings.list_stale_item_ids(app.store, models.checkpoint.sha256, after, RESCORE_BATCH)
        if not ids:
            if added:
                settle_promise(app, who, find_min_precision(app))
            return added
        if current is None or models.checkpoint != current.models.checkpoint:
            current = open_pass(app, models, "rescore", who, find_min_precision(app))
        added += readings.add_readings(app.store, _read_again(app, ids, current), current.selection_id)
        after = ids[-1]
        if on_progress is not None:
            on_progress(added)


def _read_again(app: App, ids: Sequence[int], current: Pass) -> list[tuple[int, NewReading]]:
    crops: list[np.ndarray] = []
    found: list[int] = []
    for item in items.list_items_by_id(app.store, ids):
        try:
            crops.append(decode_png(app.store.files.read(item.crop_sha256)))
        except (InputError, MissingRowError) as error:
            logger.warning("item %d keeps its old reading: %s", item.item_id, error)
            continue
        found.append(item.item_id)
    recognizer, calibration = current.models.recognizer, current.models.calibration
    texts = recognizer.read(crops) if crops else []
    gathered = gather_evidence(recognizer, crops, texts, app.settings.harvest_views)
    return [
        (item_id, to_reading(reading, calibration.judge(evidence, reading.confidence), evidence, current))
        for item_id, reading, evidence in zip(found, texts, gathered, strict=True)
    ]
