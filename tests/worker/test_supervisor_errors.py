"""No error ends the thread that all trainings depend on, and a job that cannot be concluded makes way."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from storage import jobs
from tests.support.retraining import add_labels
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, get_job, request_retrain
from textrec_app.worker.supervisor import Supervisor


class FailingSupervisor(Supervisor):
    """Meets an error at each of its first looks."""

    def __init__(self, app: App, error: Exception, n_errors: int) -> None:
        super().__init__(app, poll_s=0.01, rest_s=0.01, max_errors=3)
        self.error, self.left, self.looks = error, n_errors, 0

    def run_once(self, now: datetime) -> bool:
        self.looks += 1
        if self.left:
            self.left -= 1
            raise self.error
        return False


def wait_for(is_so: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


@pytest.mark.parametrize("error", [TypeError("odd gate"), AttributeError("odd gate"), KeyError("sets")])
def test_the_thread_goes_on_after_an_error(app: App, error: Exception) -> None:
    supervisor = FailingSupervisor(app, error, 2)
    supervisor.start()
    assert wait_for(lambda: supervisor.looks > 3)
    supervisor.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_another_thread_takes_the_place_of_one_that_ended(app: App) -> None:
    supervisor = FailingSupervisor(app, AssertionError("nobody foresaw this"), 1)
    supervisor.start()
    assert wait_for(lambda: supervisor.looks > 2)
    supervisor.stop()
    assert not any(thread.name == "textrec-supervisor" for thread in threading.enumerate())


def test_a_job_whose_result_cannot_be_judged_is_closed(app: App) -> None:
    add_labels(app, 20, "A")
    asked = request_retrain(app, RetrainRequest(recipe="tiny", minutes=5.0, who="ana"))

    class Unlucky(FailingSupervisor):
        def run_once(self, now: datetime) -> bool:
            self._concluding = jobs.get_job(app.store, asked.job_id) if self.left else None
            return super().run_once(now)

    supervisor = Unlucky(app, TypeError("odd gate"), 3)
    supervisor.start()
    assert wait_for(lambda: get_job(app, asked.job_id).state == "failed")
    supervisor.stop()
    assert "odd gate" in get_job(app, asked.job_id).message
