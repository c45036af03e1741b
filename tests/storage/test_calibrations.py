"""Calibrations are only ever added; the newest of a checkpoint counts."""

from pathlib import Path

from storage import calibrations
from storage.calibrations import NewCalibration
from tests.support.rows import FIRST, SECOND, open_store

DATA = {"gamma": 0.5, "curve": [[0.99, 0.8]]}


def test_the_newest_calibration_of_a_checkpoint_counts(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert calibrations.find_calibration(store, FIRST.sha256) is None
    calibrations.add_calibration(store, NewCalibration("ana", FIRST.sha256, 25, {"gamma": 0.0}, ""))
    newest = calibrations.add_calibration(store, NewCalibration("ana", FIRST.sha256, 50, DATA, "50 decisions"))
    calibrations.add_calibration(store, NewCalibration("ana", SECOND.sha256, 75, {}, ""))
    assert calibrations.find_calibration(store, FIRST.sha256) == newest
    assert (newest.n_decisions, newest.data, newest.note) == (50, DATA, "50 decisions")
