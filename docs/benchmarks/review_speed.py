"""How long Review takes with a large store: pages of the queue, places in the order, twins, audit, learning curve.

    python -m docs.benchmarks.review_speed [--items 100000] [--seed 1] [--json]

The store is made of drawn rows in a temporary folder: as many words as asked for, a fifth of them in groups of
look-alikes, one group of 5,000 blank crops, half of all kept. Times are of one call, in milliseconds, of the
processor and by the clock; where a call can be repeated, the median of 20.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from storage.schema import Item, ModelReading, Picture, Selection
from textrec_app.services import auditing, learning_curve, review_order, reviewing
from textrec_app.services.context import App, open_app
from textrec_app.settings import Settings

BLANKS = 5000
ALIKE_SHARE = 0.2
CHUNK = 5000
N_PAGES = 20
N_DECISIONS = 40
Times = tuple[float, float]
"""Milliseconds of the processor, and by the clock."""


def fill_store(app: App, n_items: int, seed: int) -> None:
    """Put drawn rows into an empty store."""
    now, chance = datetime.now(UTC), np.random.default_rng(seed)
    checkpoint = app.models.get_active().checkpoint
    with app.store.write() as session:
        session.add(Picture(id=1, sha256="0" * 64, name="p.png", kind="scene", size_bytes=1, height=9, width=9,
                            added_by="ana", added_utc=now))  # fmt: skip
        session.add(Selection(id=1, reason="harvest", who="ana", made_utc=now, min_precision=0.99, threshold=0.9,
                              checkpoint_name=checkpoint.name, checkpoint_version=checkpoint.version,
                              checkpoint_sha256=checkpoint.sha256))  # fmt: skip
        session.flush()
        for start in range(0, n_items, CHUNK):
            ids = range(start + 1, min(start + CHUNK, n_items) + 1)
            items, readings = zip(*(draw_rows(item_id, checkpoint, now, chance) for item_id in ids), strict=True)
            session.execute(insert(Item), list(items))
            session.execute(insert(ModelReading), list(readings))


def draw_rows(
    item_id: int, checkpoint: Any, now: datetime, chance: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One item and its reading."""
    look, text = f"{int(chance.integers(2**63)):016x}", f"word{item_id}"
    if item_id <= BLANKS:
        look, text = "0" * 16, ""
    elif chance.random() < ALIKE_SHARE:
        number = int(chance.integers(1000))
        look, text = f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}", f"alike{number}"
    confidence = float(chance.beta(4, 1))
    status = "kept" if confidence >= 0.85 and text else "waiting"
    item = {
        "id": item_id, "picture_id": 1, "position": item_id, "polygon": [[0.0, 0.0]] * 4, "score": 1.0,
        "angle_deg": 0.0, "script": "Latin", "crop_sha256": f"{item_id:064x}", "crop_height": 9, "crop_width": 9,
        "perceptual_hash": look, "status": status, "confidence": confidence, "version": 1, "reading_id": item_id,
        "decision_id": None, "selection_id": 1, "added_utc": now,
    }  # fmt: skip
    reading = {
        "id": item_id, "item_id": item_id, "text": text, "confidence": confidence, "log_prob": -0.1,
        "characters": [{"text": "x", "confidence": 0.9, "start_rel": 0.0, "end_rel": 1.0}] * 6,
        "evidence": {"glyph_agree": float(chance.random() < 0.9), "turn_agree": float(chance.random() < 0.9)},
        "checkpoint_name": checkpoint.name, "checkpoint_version": checkpoint.version,
        "checkpoint_sha256": checkpoint.sha256, "selection_id": 1, "selected": status, "made_utc": now,
    }  # fmt: skip
    return item, reading


def measure(app: App) -> dict[str, Times]:
    """Times by name."""
    found: dict[str, Times] = {"first page, nothing placed yet": _time(lambda: reviewing.list_queue(app))}
    found["placing all the rest"] = _time(lambda: review_order.refresh_order(app))
    for order in reviewing.ORDERS:
        found[f"page, {order}"] = _median(partial(reviewing.list_queue, app, order=order, limit=60))
    found["page of all, gain"] = _median(lambda: reviewing.list_queue(app, "all", "gain", 60))
    page = reviewing.list_queue(app, limit=60)
    found["notes and twins of a page"] = _median(
        lambda: review_order.explain_items(app, [item.item_id for item in page])
    )
    found["counts"] = _median(lambda: reviewing.review_counts(app))
    queue = iter(reviewing.list_queue(app, limit=N_DECISIONS * 20))
    found["decide with twins"] = _median(lambda: _decide_next(app, queue), N_DECISIONS)
    found["audit: draw 60"] = _time(lambda: auditing.start_audit(app, "ana"))
    found["audit: view"] = _median(lambda: auditing.audit_view(app))
    found["learning curve"] = _median(lambda: learning_curve.learning_curve(app))
    return found


def _decide_next(app: App, queue: Any) -> None:
    """Accept the next item that still waits, with its near-duplicates."""
    for item in queue:
        if reviewing.get_item(app, item.item_id).status == "waiting":
            action = "accept" if item.text else "reject"
            decision = reviewing.Decision(item.item_id, item.version, action, None, f"u{item.item_id}", "ana")
            reviewing.decide(app, decision, with_twins=True)
            return


def _time(call: Callable[[], object]) -> Times:
    began, worked = time.perf_counter(), time.process_time()
    call()
    return 1000 * (time.process_time() - worked), 1000 * (time.perf_counter() - began)


def _median(call: Callable[[], object], n_calls: int = N_PAGES) -> Times:
    processor, clock = zip(*(_time(call) for _ in range(n_calls)), strict=True)
    return statistics.median(processor), statistics.median(clock)


def main() -> None:
    """Fill a store, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = open_app(Settings(data_dir=Path(folder), device="cpu"))
        fill_store(app, arguments.items, arguments.seed)
        found = measure(app)
        app.close()
    if arguments.json:
        print(json.dumps({"items": arguments.items, "ms_processor_and_clock": found}))
        return
    for name, (processor, clock) in found.items():
        print(f"{name:35}{processor:10.1f} ms of processor {clock:10.1f} ms by the clock")


if __name__ == "__main__":
    main()
