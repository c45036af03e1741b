"""The scripts of the docs that measure glyphs: arithmetic, table, sheet, and one tiny run from beginning to end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from docs.benchmarks import siga_ablation
from docs.benchmarks.ctc_lag import compute_lag, find_ink_ends
from docs.benchmarks.glyph_sheet import CELL_WH, Crop, draw_sheet, list_panels
from tests.support.font_files import link_fonts
from tests.support.glyph_networks import paint
from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import write_pool_shard

ROOT = Path(__file__).resolve().parents[2]


def test_a_network_that_speaks_in_the_middle_has_no_lag() -> None:
    spans = np.array([[18.0, 22.0], [38.0, 42.0], [58.0, 62.0]])  # letters 20 px wide from 10 to 70
    assert compute_lag(spans, (10, 70)) == 0.0
    assert compute_lag(spans - 8, (10, 70)) == 8.0
    assert compute_lag(spans + 4, (10, 70)) == -4.0


def test_ink_ends_where_a_column_has_two_pixels() -> None:
    mask = np.zeros((10, 40), np.uint8)
    mask[3:6, 7:30] = 1
    mask[0, 35] = 1
    assert find_ink_ends(mask) == (7, 30)
    assert find_ink_ends(mask[:, :12]) is None


def test_a_sheet_has_a_cell_for_every_panel() -> None:
    recognizer = paint("Inn", "Inn")
    crops = [Crop(draw_word("Inn")), Crop(np.full((20, 50, 3), 9, np.uint8), np.ones((20, 50), np.uint8))]
    rows = [list_panels(recognizer, crop) for crop in crops]
    assert [len(panels) for panels, _ in rows] == [4, 5]
    assert rows[1][0][2] is None  # k-means finds nothing in a constant crop
    assert [text for _, text in rows] == ["Inn", "Inn"]
    sheet = draw_sheet(rows[:1] * 3, ["picture", "k-means", "network", "glyphs"])
    assert sheet.shape[1] > 2 * 4 * CELL_WH[0]
    assert sheet.shape[0] > 2 * CELL_WH[1]


def make_run(drift: float, accuracy: float, with_glyphs: bool) -> dict[str, Any]:
    row = {"drift_share": drift, "mean_error": drift / 2}
    kinds = {"CTC": {"drift_share": 0.6, "mean_error": 0.5}, "implicit": row} | ({"glyph": row} if with_glyphs else {})
    one = {"word_accuracy": {"fast": 0.7, "fused": accuracy}, "mask_iou": {"network": 0.6}, "alignment": kinds}
    one["alignment_read"] = kinds
    return {
        "held_back": {"fast": 0.76, "fused": accuracy},
        "sets": dict.fromkeys(siga_ablation.PROBES, one),
        "tests": {},
    }


def test_the_table_has_mean_and_deviation_over_the_seeds() -> None:
    rows = {
        "plain attention decoder": [make_run(0.5, 0.6, False), make_run(0.7, 0.64, False)],
        "+ GLAN": [],
        "full SIGA": [make_run(0.1, 0.65, True)],
    }
    lines = siga_ablation.write_table(rows, []).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| CTC head of the trunk",
        "| plain attention decoder",
        "| full SIGA",
    ]
    assert "62.0 ± 2.8" in lines[3]
    assert "60.0 ± 14.1" in lines[3]
    assert lines[3].endswith("| – | – |")
    assert lines[4].endswith("| 10.0 | 0.600 |")
    assert len({line.count("|") for line in lines}) == 1


def run_ablation(*arguments: str) -> str:
    """What the script prints; in a process of its own, because Accelerate keeps one precision for a process."""
    command = [sys.executable, "-m", "docs.benchmarks.siga_ablation", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_tiny_run_trains_measures_and_goes_on(tmp_path: Path, tiny_weights: Path) -> None:
    words = [(draw_word(word, seed=index), word) for index, word in enumerate(("Hotel", "EXIT", "cafe", "Bank"))]
    write_pool_shard(tmp_path / "pool", "words", words)
    fonts = link_fonts(tmp_path / "fonts")
    named = () if fonts is None else ("--fonts", str(fonts))
    arguments = [str(tmp_path / "out"), "--pools", f"{tmp_path / 'pool'}=1", "--held-back", str(tmp_path / "pool")]
    arguments += ["--base", str(tiny_weights / "recognizer.safetensors"), "--steps", "2", "--batch", "4"]
    arguments += ["--seeds", "1", "--words", "2", "--only", "full", *named]
    told = run_ablation(*arguments)
    table = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert told.endswith(table)
    assert [line.split(" | ")[0] for line in table.splitlines()[3:]] == ["| full SIGA"]
    assert run_ablation(*arguments) == table  # nothing is trained or measured a second time
