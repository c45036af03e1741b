"""Speed of reading with the shipped weights, as ratios: they hold on slow and fast machines alike.

Not part of the default run: `make benchmark`, on a machine that does nothing else.
"""

from collections.abc import Iterator

import pytest

from textrec_app.evaluation.benchmark import BenchReport
from textrec_app.services.benchmarking import run_bench
from textrec_app.services.context import open_app
from textrec_app.settings import Settings

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

# Measured, then doubled: a change that costs more than that is meant to be noticed.
MAX_CROP_RATIO = 4.7
MAX_PICTURE_RATIO = 450.0


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchReport]:
    app = open_app(Settings(data_dir=tmp_path_factory.mktemp("bench"), device="cpu"))
    yield run_bench(app, "cpu")
    app.close()


def test_report_is_printed(report: BenchReport, capsys: pytest.CaptureFixture[str]):
    with capsys.disabled():
        for name, value in report.to_dict().items():
            print(f"{name:>22} {value}")
    assert report.words_per_picture > 0


def test_a_crop_in_a_batch_costs_less_than_a_crop_alone(report: BenchReport):
    assert report.ms_per_crop_batch_32 < 0.8 * report.ms_per_crop_batch_1


def test_a_picture_costs_less_than_its_words_one_by_one_and_a_search(report: BenchReport):
    assert report.ms_per_picture is not None
    assert report.ms_per_picture < 100 * report.ms_per_crop_batch_1


def test_a_crop_costs_no_more_of_the_yardstick_than_it_did(report: BenchReport):
    assert report.crop_ratio <= MAX_CROP_RATIO


def test_a_picture_costs_no_more_of_the_yardstick_than_it_did(report: BenchReport):
    assert report.picture_ratio is not None
    assert report.picture_ratio <= MAX_PICTURE_RATIO
