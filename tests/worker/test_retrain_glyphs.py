"""Retraining a recognizer that finds glyphs: the run makes masks of its crops and comes to its verdict."""

from pathlib import Path

import pytest
import torch

from models.charset import PRINTABLE_ASCII
from models.recognition.text_network import TextNetwork
from models.registry import create_network
from models.weights import WeightCard, save_weights
from tests.support.checkpoints import save_tiny_detector
from tests.support.glyph_networks import TINY_SIGA
from tests.support.retraining import add_labels, is_finished, read_log, turn_until
from textrec_app.services.checkpoints import get_checkpoint
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, request_retrain
from textrec_app.training.recognizer import MASKS
from textrec_app.worker.supervisor import Supervisor


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("glyph_weights")
    torch.manual_seed(0)
    network = create_network("siga_s", TINY_SIGA)
    assert isinstance(network, TextNetwork)
    card = WeightCard("recognizer", "1", "recognizer", "siga_s", TINY_SIGA, charset=PRINTABLE_ASCII)
    save_weights(directory, "recognizer", network.inference_tensors(network.state_dict()), card)
    save_tiny_detector(directory)
    return directory


def test_a_glyph_recognizer_is_retrained_with_masks_of_the_runs_own_crops(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 12, "A")
    job = request_retrain(app, RetrainRequest(recipe="tiny", minutes=None, who="ana"))

    done = turn_until(app, supervisor, job.job_id, is_finished, timeout_s=300)

    assert done.state == "succeeded", read_log(app, job.job_id)
    assert get_checkpoint(app, done.checkpoint or "").card["architecture"] == "siga_s"
    run_dir = app.settings.runs_dir / str(job.job_id)
    assert list((run_dir / MASKS).glob("*.glyphs"))
