"""SemiMTR's table: views are cached once, every row trains and is measured, nothing is done twice."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from docs.benchmarks.baselines.semimtr_rows import ROWS
from docs.benchmarks.baselines.semimtr_runs import Draw, RowRun, measure_heads
from docs.benchmarks.baselines.semimtr_views import CropPlan, draw_crops, prepare_views, start_abinet
from docs.benchmarks.semimtr_matrix import FIRST, begin, format_table, make_recipe, parse_sources, run_row
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import write_pool_shard


@pytest.fixture
def order(tmp_path: Path) -> argparse.Namespace:
    words = [(draw_word(word, seed=index), word) for index, word in enumerate(("TEN", "NET", "EAT", "TEA"))]
    write_pool_shard(tmp_path / "pool", "words", words)
    base = save_tiny_recognizer(tmp_path / "base")
    return argparse.Namespace(
        out=tmp_path / "out", base=base, language=None, steps=1, first_steps=1, batch=4, seed=1, pool=tmp_path / "pool"
    )


def test_every_row_trains_and_is_measured(order: argparse.Namespace) -> None:
    sources = parse_sources([f"{order.pool}=4"])
    plan = CropPlan(sources, sources, sources)
    views = prepare_views(order.out / "views", order.base, plan)
    assert sorted(views) == ["labeled", "pool", "unlabeled"]
    assert set(views["unlabeled"].texts[64]) <= {""}
    assert views["unlabeled"].middle[64].shape[1] == 3
    first = begin(order, views)
    found = [run_row(row, order, views, first) for row in (FIRST, ROWS[1], ROWS[-1])]
    upper = [row for row in ROWS if row.upper]
    for row in upper:
        network = start_abinet(order.base)
        assert np.isfinite(RowRun(network, row, Draw(views, 4, 1), make_recipe(1, 1e-3)).run(1)).all()
    table = format_table(found)
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [
        "| begin",
        *(f"| {row.name}" for row in (ROWS[1], ROWS[-1])),
    ]
    again = prepare_views(order.out / "views", order.base, plan)
    assert torch.equal(again["labeled"].middle[64], views["labeled"].middle[64])
    assert run_row(ROWS[1], order, views, first).train_s == found[1].train_s


def test_cached_views_say_what_the_network_says_of_the_crops(order: argparse.Namespace) -> None:
    sources = parse_sources([f"{order.pool}=4"])
    views = prepare_views(order.out / "views", order.base, CropPlan(sources, sources, sources))
    network = start_abinet(order.base)
    by_cache = measure_heads(network, views["pool"], upper=False)
    assert by_cache == measure_heads(network, views["pool"], upper=True)


def test_unlabeled_folders_give_no_text(order: argparse.Namespace) -> None:
    assert {text for _, text in draw_crops(order.pool, 4, 1, has_text=False)} == {""}
    assert {text for _, text in draw_crops(order.pool, 4, 1, has_text=True)} == {"TEN", "NET", "EAT", "TEA"}
