"""The one training loop: Accelerate, mixed precision, weight average, clipping, exact resume.

A batch is a pure function of (seed, step, process), so the sampler's whole state is the step, and a
run that was stopped or killed goes on as if it had not been.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn

from textrec_app.errors import InputError
from textrec_app.training.averaging import WeightAverage
from textrec_app.training.batch_workers import BatchWorkers, prefetched
from textrec_app.training.optimizers import create_optimizer
from textrec_app.training.recipes import FitRecipe, learning_rate_factor
from textrec_app.training.run_state import (
    RunState,
    find_run_state,
    restore_optimizer,
    restore_randomness,
    save_run_state,
)

logger = logging.getLogger(__name__)

StopCheck = Callable[[], str | None]
ProgressSink = Callable[[dict[str, Any]], None]


class FitTask(Protocol):
    """What is trained: a network, its batches, its loss, its validation."""

    network: nn.Module

    def batch(self, step: int, process: int, processes: int) -> Any:
        """The batch of a step, on the CPU; the same arguments give the same batch."""

    def loss(self, network: nn.Module, batch: Any, device: torch.device) -> tuple[Tensor, int]:
        """Mean loss of a batch and the number of samples it averages."""

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Validation metrics; `score` among them decides which weights are best."""


@runtime_checkable
class HasWorkers(Protocol):
    """A task whose batches may be made by processes of their own; None leaves it to a thread."""

    workers: BatchWorkers | None


@dataclass(frozen=True)
class FitResult:
    """How a sitting ended.

    Attributes:
        state: "finished" (schedule done), "paused" (minutes over), or what `should_stop` said.
        average: the averaged weights at the end; `best` those of the best validation.
        metrics: of the best validation, whose weights are shipped; empty where nothing was validated.
    """

    state: str
    step: int
    samples: int
    trained_s: float
    average: dict[str, Tensor]
    best: dict[str, Tensor]
    metrics: dict[str, float]
    samples_per_s: float


def fit(
    task: FitTask,
    recipe: FitRecipe,
    run_dir: Path,
    *,
    minutes: float | None = None,
    device: str = "auto",
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> FitResult:
    """Train until the schedule ends, the minutes are over, or somebody stops it.

    Args:
        run_dir: holds `state/` (to go on from, if there) and `progress.jsonl`.
        minutes: length of this sitting; the state is saved when they are over.
        should_stop: asked at every step; a word such as "cancelled" ends the run with that state.
        on_progress: gets every line that goes to `progress.jsonl`.
    """
    return _Fitting(task, recipe, run_dir, device, on_progress).run(minutes, should_stop)


class _Fitting:
    """One sitting of a run."""

    def __init__(self, task: FitTask, recipe: FitRecipe, run_dir: Path, device: str, on_progress: ProgressSink) -> None:
        self.task, self.recipe, self.run_dir, self.on_progress = task, recipe, run_dir, on_progress
        cuda = device != "cpu" and torch.cuda.is_available()
        if cuda:
            torch.set_float32_matmul_precision("high")
        self.accelerator = Accelerator(mixed_precision=recipe.precision, cpu=not cuda)
        run_dir.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.network = task.network.to(self.accelerator.device).to(memory_format=torch.channels_last)
        self.optimizer = create_optimizer(self.network, recipe)
        self.average = WeightAverage(self.network, recipe.ema_decay)
        self.state = RunState(recipe=asdict(recipe))
        self.best = _copied(self.average.tensors)
        self._resume()
        self.model, self.wrapped = self.accelerator.prepare(self.network, self.optimizer)
        self.metrics: dict[str, float] = {}

    def run(self, minutes: float | None, should_stop: StopCheck) -> FitResult:
        """Train; see `fit`."""
        began, first_step = time.monotonic(), self.state.step
        before_s, before_samples = self.state.trained_s, self.state.samples
        reason, waited_s = "finished", 0.0
        self._report({"event": "start", "parameters": sum(p.numel() for p in self.network.parameters())})
        if self.recipe.evaluate_first and self.state.best_score < 0:
            self._evaluate(should_stop)
        place = (self.accelerator.process_index, self.accelerator.num_processes)
        workers = self.task.workers if isinstance(self.task, HasWorkers) else None
        batches = prefetched(self.task, workers, first_step, place, should_stop if place[1] == 1 else lambda: None)
        while not self._is_done():
            asked = time.monotonic()
            batch = next(batches, None)
            waited_s += time.monotonic() - asked
            if batch is None:  # stopped while it waited for the first batches
                reason = should_stop() or "paused"
                break
            loss, samples = self._step(batch)
            self.state.trained_s = before_s + time.monotonic() - began
            self.state.samples += samples * self.accelerator.num_processes
            stop = should_stop()
            over = minutes is not None and time.monotonic() - began > minutes * 60
            self._after_step(loss, should_stop)
            reason = self._agreed(stop or ("paused" if over else ""))
            if reason:
                break
            reason = "finished"
        batches.close()
        self.save()
        if reason in ("finished", "paused") and self.state.step % self.recipe.evaluate_every:
            self._evaluate(should_stop)
            self.save()
        spent = max(1e-9, self.state.trained_s - before_s)
        result = FitResult(
            reason,
            self.state.step,
            self.state.samples,
            self.state.trained_s,
            self.average.tensors,
            self.best,
            self.state.best_metrics or self.metrics,
            (self.state.samples - before_samples) / spent,
        )
        facts = {"samples_per_s": result.samples_per_s, "waited_share": round(waited_s / spent, 4)}
        self._report({"event": "end", "state": reason} | facts)
        return result

    def save(self) -> None:
        """Write a resumable state (main process only)."""
        if self.accelerator.is_main_process:
            network = self.accelerator.unwrap_model(self.model).state_dict()
            weights = {"network": network, "average": self.average.tensors, "best": self.best}
            save_run_state(self.run_dir, self.state, weights, self.optimizer)
        self.accelerator.wait_for_everyone()

    def _resume(self) -> None:
        saved = find_run_state(self.run_dir)
        if saved is None:
            return
        try:
            self.network.load_state_dict(saved.network)
        except RuntimeError as error:
            raise InputError(
                f"{self.run_dir} was begun with another network; "
                "go on with the same --recipe, --architecture and --base"
            ) from error
        self.average.load(saved.average, saved.state.step)
        self.best = saved.best
        if saved.state.recipe.get("optimizer", "adamw") == self.recipe.optimizer:
            restore_optimizer(self.optimizer, saved.optimizer)
        else:
            logger.warning("the run had another optimizer before; the moments of %s begin anew", self.recipe.optimizer)
        restore_randomness(saved)
        self.state = saved.state
        self.state.recipe = asdict(self.recipe)
        logger.info("going on from step %d", self.state.step)

    def _progress(self) -> float:
        if self.recipe.minutes_schedule:
            return (self.state.trained_s / 60.0 - self.recipe.minutes_before) / self.recipe.minutes_schedule
        return self.state.step / max(1, self.recipe.steps)

    def _is_done(self) -> bool:
        return self._agreed("done" if self._progress() >= 1.0 else "") == "done"

    def _step(self, batch: Any) -> tuple[Tensor, int]:
        factor = learning_rate_factor(self._progress(), self.state.step - self.recipe.steps_before, self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * factor
        self.model.train()
        with self.accelerator.autocast():
            loss, samples = self.task.loss(self.model, batch, self.accelerator.device)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        self.wrapped.step()
        self.wrapped.zero_grad(set_to_none=True)
        self.state.tail_updates += self._progress() > 1.0 - self.recipe.tail_share
        self.average.update(self.accelerator.unwrap_model(self.model), self.state.tail_updates)
        self.state.step += 1
        return loss.detach(), samples  # a number only where it is told: asking a GPU for it each step would hold it up

    def _after_step(self, loss: Tensor, should_stop: StopCheck) -> None:
        step = self.state.step
        if step % 10 == 0 or step == 1:
            self._report({"event": "step", "loss": float(loss), "learning_rate": self.optimizer.param_groups[0]["lr"]})
        if step % self.recipe.evaluate_every == 0:
            self._evaluate(should_stop)
        if step % self.recipe.save_every == 0:
            self.save()

    def _evaluate(self, should_stop: StopCheck) -> None:
        if self.accelerator.is_main_process:
            with self.average.applied(self.accelerator.unwrap_model(self.model)) as network:
                self.metrics = self.task.evaluate(network.eval(), self.accelerator.device, should_stop)
            if self.metrics.get("score", -1.0) > self.state.best_score:
                self.state.best_score, self.state.best_step = self.metrics["score"], self.state.step
                self.state.best_metrics = self.metrics
                self.best = _copied(self.average.tensors)
            self._report({"event": "evaluation"} | self.metrics)
        self.accelerator.wait_for_everyone()

    def _agreed(self, reason: str) -> str:
        """The main process's reason, on every process."""
        if self.accelerator.num_processes == 1:
            return reason
        return broadcast_object_list([reason])[0]

    def _report(self, line: dict[str, Any]) -> None:
        if not self.accelerator.is_main_process:
            return
        total = self.recipe.steps if not self.recipe.minutes_schedule else None
        facts = {"time_s": round(time.time(), 3), "step": self.state.step, "total_steps": total}
        facts |= {"progress": round(min(1.0, max(0.0, self._progress())), 5), "samples": self.state.samples}
        whole = facts | line
        with (self.run_dir / "progress.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(whole) + "\n")
        self.on_progress(whole)


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}
