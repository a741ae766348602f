"""Where replications are played: in threads, in processes, or on a Dask cluster.

Rules are compiled and let threads run side by side; the production planner is Python and needs
processes. One `Pool` hands work to any of them, outlives a lost worker and can be told to stop.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from types import TracebackType
from typing import Any, Self, TypeVar

from flowctl.errors import FlowctlError
from flowctl.scenarios.steering import Steering
from simulations.studies.workers import (
    LAST_WORD_S,
    Cluster,
    Processes,
    Stopped,
    Threads,
    Work,
    Workers,
)

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL_S = 0.1
_MOST_LOSSES = 1


class WorkerLostError(FlowctlError):
    """A worker was killed over the same work twice."""


class Pool:
    """Hands items of work to workers; to be used in ``with``. They start with the first item."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let every worker go."""
        self._close()
        self._workers.leave()

    @property
    def count(self) -> int:
        """How many workers there are."""
        return self._workers.count

    def results(
        self,
        work: Work[Item, Result],
        items: Sequence[Item],
        *,
        stopped: Stopped | None = None,
        tell: Callable[[int, float], None] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Yield each item's number and result as it is done, until all are or nobody wants more.

        ``work`` and items are pickled where workers are processes. Few items more than there are
        workers are handed out at once, so that memory does not grow with their number. Where a
        worker is killed, what was handed out then is done again once. ``tell`` hears now and then
        how much of an item is done.

        Raises
        ------
        WorkerLostError
            Workers were killed over an item again. Whatever was done has been yielded.
        """
        waiting = list(reversed(range(len(items))))
        running: dict[Future[Result], int] = {}
        losses = [0] * len(items)
        while waiting or running:
            if stopped is not None and stopped():
                yield from self._last_words(running)
                return
            while waiting and len(running) < 2 * self.count:
                number = waiting.pop()
                running[self._submit(work, number, items[number])] = number
            done = wait(running, _POLL_S, FIRST_COMPLETED).done
            if tell is not None:
                for number in running.values():
                    tell(number, self._workers.share(number))
            lost = []
            for future in done:
                number = running.pop(future)
                try:
                    result = future.result()
                except self._workers.lost:
                    lost.append(number)
                    continue
                yield number, result
            if lost:
                lost += self._give_up(running)
                _count(losses, lost)
                waiting += sorted(lost, reverse=True)

    def _submit(self, work: Work[Item, Result], number: int, item: Item) -> "Future[Result]":
        if self._executor is None:
            self._executor = self._workers.open()
        try:
            return self._executor.submit(self._workers.bind(work, number, item))
        except BrokenExecutor as error:  # its worker died between two items
            failed: Future[Result] = Future()
            failed.set_exception(error)
            return failed

    def _give_up(self, running: dict["Future[Any]", int]) -> list[int]:
        """Give up what is with the workers of which one was killed; returns its numbers."""
        numbers = list(running.values())
        running.clear()
        self._close()
        return numbers

    def _last_words(self, running: dict["Future[Result]", int]) -> Iterator[tuple[int, Result]]:
        """Tell the workers to stop, and yield what they hand over in time."""
        for future in list(running):
            if future.cancel():
                del running[future]
        self._workers.stop()
        for future in wait(running, LAST_WORD_S).done:
            try:
                yield running[future], future.result()
            except self._workers.lost:
                continue

    def _close(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            self._workers.close(executor)


def _count(losses: list[int], lost: Sequence[int]) -> None:
    for number in lost:
        losses[number] += 1
        if losses[number] > _MOST_LOSSES:
            raise WorkerLostError(
                f"A worker process was killed twice over part {number + 1} of {len(losses)}; the"
                " machine may be short of memory. What was finished is kept: go on with fewer"
                " workers."
            )


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(count: int | None = None) -> Pool:
    """Return workers in threads, one per processor where not said: for compiled rules."""
    return Pool(Threads(count or cores()))


def processes(count: int | None = None) -> Pool:
    """Return workers in processes, one per processor where not said: for the planner."""
    return Pool(Processes(count or cores()))


def dask(address: str) -> Pool:
    """Return the workers of the Dask cluster whose scheduler answers at an address.

    Raises
    ------
    FlowctlError
        ``distributed`` is not installed, or nobody answers.
    """
    return Pool(Cluster(address))


def fitting(steering: Steering) -> Pool:
    """Return the workers of this machine that suit what steers a day."""
    return processes() if steering.plans else threads()
