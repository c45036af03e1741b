"""`accelerate launch` on two processes (gloo): the same code, one checkpoint, gradients shared."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
import numpy as np, torch
from torch import nn
from textrec_app.training.fit import fit
from textrec_app.training.recipes import FitRecipe

class Task:
    def __init__(self):
        torch.manual_seed(0)
        self.network = nn.Linear(2, 1)
    def batch(self, step, process, processes):
        assert processes == 2
        return torch.randn(4, 2, generator=torch.Generator().manual_seed(step * 10 + process))
    def loss(self, network, batch, device):
        return (network(batch) - batch.sum(1, keepdim=True)).square().mean(), len(batch)
    def evaluate(self, network, device, should_stop):
        return {"score": 1.0}

out = Path(sys.argv[1])
recipe = FitRecipe("two", steps=30, batch_size=8, learning_rate=0.05, warmup_steps=1, precision="no",
                   evaluate_every=10, save_every=10, ema_decay=0.5)
result = fit(Task(), recipe, out, device="cpu")
import os
rank = os.environ["RANK"]
(out / f"rank{rank}.txt").write_text(f"{result.state} {result.samples} {float(result.average['weight'].sum()):.6f}")
"""


def test_two_processes_train_one_network(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (tmp_path / "rank0.txt").read_text(), (tmp_path / "rank1.txt").read_text()
    assert first == second
    assert first.startswith("finished 240 ")
    assert (tmp_path / "state" / "latest").read_text() == "step-30"
