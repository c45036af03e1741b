"""Batches made ahead of training: by a thread, or by processes of their own where there are cores to spare.

Whoever makes it, a batch is a pure function of (step, process, processes), so all ways give the same ones.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

import cv2
import torch

POLL_S = 0.5
THREAD_AHEAD = 2
PROCESS_AHEAD = 2
CPU_WORKERS = 2
PARENT_GONE = 70


class BatchSource(Protocol):
    """Makes batches; one that goes to processes can be pickled, best without its pictures."""

    def batch(self, step: int, process: int, processes: int) -> Any:
        """The batch of a step; the same arguments give the same batch."""


@dataclass(frozen=True)
class BatchWorkers:
    """Processes that make the batches of a source."""

    source: BatchSource
    number: int


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_workers(asked: int | None, has_gpu: bool) -> int:
    """Number of processes that make batches; 0 is a thread of the training process.

    A GPU gets all cores but one. On the CPU the network itself needs them: two processes from three cores on.
    """
    if asked is not None:
        return max(0, asked)
    cores = count_cores()
    if has_gpu:
        return max(1, cores - 1)
    return CPU_WORKERS if cores > CPU_WORKERS else 0


def prefetched(
    task: BatchSource,
    workers: BatchWorkers | None,
    first_step: int,
    place: tuple[int, int] = (0, 1),
    should_stop: Callable[[], str | None] = lambda: None,
) -> Generator[Any, None, None]:
    """Batches in the order of the steps; ends where `should_stop` says so while it waits for one.

    Args:
        task: makes the batches in a thread where there are no workers.
        place: number of this training process, and how many there are.
    """
    if workers is None or workers.number == 0:
        return _in_order(ThreadPoolExecutor(1), THREAD_AHEAD, (task.batch, first_step, place), should_stop)
    pool = start_processes(workers.number, _keep_source, workers.source)
    ahead = PROCESS_AHEAD * workers.number
    return _in_order(pool, ahead, (_make_batch, first_step, place), should_stop)


def start_processes(number: int, prepare: Callable[[Any], None], argument: Any) -> ProcessPoolExecutor:
    """Processes that end with this one, leave Ctrl-C to it, and use one thread each.

    Args:
        prepare: called with the argument once in each process.
    """
    context = get_context("spawn")
    return ProcessPoolExecutor(number, mp_context=context, initializer=_settle, initargs=(prepare, argument))


def _in_order(
    pool: Executor,
    ahead: int,
    work: tuple[Callable[[int, int, int], Any], int, tuple[int, int]],
    should_stop: Callable[[], str | None],
) -> Generator[Any, None, None]:
    make, first_step, place = work
    with pool:
        waiting = [pool.submit(make, first_step + k, *place) for k in range(ahead)]
        step = first_step + ahead
        try:
            while _is_there(waiting[0], should_stop):
                batch = waiting.pop(0).result()
                waiting.append(pool.submit(make, step, *place))
                step += 1
                yield batch
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _is_there(future: Future[Any], should_stop: Callable[[], str | None]) -> bool:
    """Wait for a batch; False where somebody stops it before."""
    while True:
        try:
            future.exception(timeout=POLL_S)
        except NotYet:
            if should_stop():
                return False
        else:
            return True


class _Kept:
    """What a worker process was given at its start."""

    source: BatchSource


def _settle(prepare: Callable[[Any], None], argument: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    prepare(argument)


def _end_with_parent() -> None:
    """A parent that was killed cannot end its workers, and they would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(PARENT_GONE)


def _keep_source(source: BatchSource) -> None:
    _Kept.source = source


def _make_batch(step: int, process: int, processes: int) -> Any:
    return _Kept.source.batch(step, process, processes)
