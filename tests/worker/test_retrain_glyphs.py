"""Retraining a recognizer that finds glyphs: its fast path adapts, its glyph branch stays."""

from pathlib import Path

import pytest
import torch

from models.charset import PRINTABLE_ASCII
from models.recognition.text_network import TextNetwork
from models.registry import create_network
from models.weights import WeightCard, load_card, load_tensors, save_weights
from tests.support.checkpoints import save_tiny_detector
from tests.support.glyph_networks import TINY_SIGA
from tests.support.retraining import add_labels, is_finished, read_log, turn_until
from textrec_app.services.checkpoints import get_checkpoint
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, request_retrain
from textrec_app.training.recognizer import PREPROCESSING
from textrec_app.worker.supervisor import Supervisor


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("glyph_weights")
    torch.manual_seed(0)
    network = create_network("siga_s", TINY_SIGA)
    assert isinstance(network, TextNetwork)
    card = WeightCard("recognizer", "1", "recognizer", "siga_s", TINY_SIGA, PRINTABLE_ASCII, PREPROCESSING)
    save_weights(directory, "recognizer", network.inference_tensors(network.state_dict()), card)
    save_tiny_detector(directory)
    return directory


def test_a_glyph_recognizer_adapts_and_keeps_its_glyph_branch(
    app: App, supervisor: Supervisor, tiny_weights: Path
) -> None:
    add_labels(app, 12, "A")
    job = request_retrain(app, RetrainRequest(recipe="tiny", minutes=None, who="ana"))

    done = turn_until(app, supervisor, job.job_id, is_finished, timeout_s=300)

    assert done.state == "succeeded", read_log(app, job.job_id)
    candidate = get_checkpoint(app, done.checkpoint or "")
    assert candidate.card["architecture"] == "siga_s"
    before, after = (read_tensors(path) for path in (tiny_weights / "recognizer.safetensors", candidate.path))
    for name, tensor in before.items():
        if name.startswith("glyphs.") and tensor.ndim > 1:  # rounded to bytes as it is shipped, and nothing else
            assert float((after[name] - tensor).norm()) < 0.02 * float(tensor.norm()), name


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    return load_tensors(path, load_card(path))
