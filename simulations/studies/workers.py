"""Three kinds of workers: threads and processes of this machine, and those of a Dask cluster."""

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from signal import SIG_IGN, SIGINT, signal
from threading import Event, Thread
from typing import Any, Protocol, TypeVar

from flowctl.errors import FlowctlError

Item_contra = TypeVar("Item_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)
Tell = Callable[[float], object]
"""Says which share of an item is done, 0 to 1."""
Stopped = Callable[[], bool]

LAST_WORD_S = 3.0
"""How long a worker that was told to stop may take to hand over what it has."""
_GOING_S = 1.0
"""How long all of them together may take to end by themselves."""
CONNECT_S = 10
"""How long a cluster may take to answer first."""
_SLOTS = 1024


class Work(Protocol[Item_contra, Result_co]):
    """What is done with an item; it returns what it has soon after it is stopped."""

    def __call__(self, item: Item_contra, tell: Tell, stopped: Stopped, /) -> Result_co:
        """Do it."""


class Workers(Protocol):
    """What `executors.Pool` needs of workers.

    ``lost`` is what a future raises whose worker was killed.
    """

    count: int
    lost: type[Exception]

    def open(self) -> Executor:
        """Start the workers, again where one was killed."""

    def bind(self, work: Work[Any, Any], number: int, item: object) -> Callable[[], Any]:
        """Return an item's work as it can be sent to a worker."""

    def share(self, number: int) -> float:
        """Return how much of an item its worker says is done."""

    def stop(self) -> None:
        """Tell every worker to stop."""

    def close(self, executor: Executor) -> None:
        """Let the workers go, whatever they are at."""

    def leave(self) -> None:
        """Need none any more."""


class Threads:
    """Workers in this process."""

    lost: type[Exception] = BrokenExecutor

    def __init__(self, count: int) -> None:
        self.count = count
        self._stop = Event()
        self._shares: dict[int, float] = {}

    def open(self) -> Executor:
        """Start them."""
        return ThreadPoolExecutor(self.count)

    def bind(self, work: Work[Any, Any], number: int, item: object) -> Callable[[], Any]:
        """Return an item's work."""
        self._stop.clear()
        self._shares[number] = 0.0
        return partial(work, item, partial(self._shares.__setitem__, number), self._stop.is_set)

    def share(self, number: int) -> float:
        """Return how much of an item is done."""
        return self._shares[number]

    def stop(self) -> None:
        """Tell them to stop."""
        self._stop.set()

    def close(self, executor: Executor) -> None:
        """Let them go as soon as they hear it."""
        self.stop()
        executor.shutdown(wait=False, cancel_futures=True)

    def leave(self) -> None:
        """Need none any more."""


class Processes:
    """Workers in processes of this machine, reached by memory both see.

    Without locks and queues: a worker may be killed while it holds the one or writes to the other.
    """

    lost: type[Exception] = BrokenExecutor

    def __init__(self, count: int) -> None:
        self.count = count
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.RawValue("b", 0)
        self._shares = self._context.RawArray("d", _SLOTS)

    def open(self) -> Executor:
        """Start them."""
        return ProcessPoolExecutor(
            self.count,
            mp_context=self._context,
            initializer=_begin,
            initargs=(self._shares, self._stop),
        )

    def bind(self, work: Work[Any, Any], number: int, item: object) -> Callable[[], Any]:
        """Return an item's work."""
        self._stop.value = 0
        self._shares[number % _SLOTS] = 0.0
        return partial(_in_process, work, number, item)

    def share(self, number: int) -> float:
        """Return how much of an item is done."""
        return float(self._shares[number % _SLOTS])

    def stop(self) -> None:
        """Tell them to stop."""
        self._stop.value = 1

    def close(self, executor: Executor) -> None:
        """Let them go; one deep in a solver hears no word, and is killed."""
        self.stop()
        processes: dict[int, Any] = getattr(executor, "_processes", None) or {}
        workers = list(processes.values())  # no public way to them before Python 3.14
        executor.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + _GOING_S
        for worker in workers:
            worker.join(max(until - time.monotonic(), 0.0))
            if worker.is_alive():
                worker.kill()

    def leave(self) -> None:
        """Need none any more."""


_inside: dict[str, Any] = {}
"""In a worker process: the memory it was started with."""


def _begin(shares: Any, stop: Any) -> None:  # noqa: ANN401 - multiprocessing's own types
    signal(SIGINT, SIG_IGN)  # whoever started us says when to stop
    _inside.update(shares=shares, stop=stop)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when who started it is killed: nobody else would tell it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_process(work: Work[Any, Any], number: int, item: object) -> Any:  # noqa: ANN401 - whatever the work returns
    tell = partial(_inside["shares"].__setitem__, number % _SLOTS)
    return work(item, tell, lambda: bool(_inside["stop"].value))


class Cluster:
    """Workers of a Dask cluster: they hear nothing once they began; what they bring late is left.

    Raises
    ------
    FlowctlError
        ``distributed`` is not installed, or nobody answers at the address.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed  # noqa: PLC0415 - an extra of its own
        except ImportError as error:
            raise FlowctlError(
                "A cluster needs the package 'distributed': pip install 'flowctl[cluster]'."
            ) from error
        client: Any = distributed.Client
        try:
            self._client = client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise FlowctlError(f"No Dask scheduler answers at {address}: {error}") from error
        self.lost: type[Exception] = distributed.KilledWorker
        self.count = max(sum(self._client.nthreads().values()), 1)

    def open(self) -> Executor:
        """Return a view of them."""
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def bind(self, work: Work[Any, Any], number: int, item: object) -> Callable[[], Any]:  # noqa: ARG002 - all workers are given work alike
        """Return an item's work."""
        return partial(_far_away, work, item)

    def share(self, number: int) -> float:  # noqa: ARG002 - all workers are asked alike
        """Return nothing: they say only what is finished."""
        return 0.0

    def stop(self) -> None:
        """Hope for the end of what they are at."""

    def close(self, executor: Executor) -> None:
        """Cancel what they have not begun."""
        executor.shutdown(wait=False)

    def leave(self) -> None:
        """Leave the cluster."""
        self._client.close()


def _far_away(work: Work[Any, Any], item: object) -> Any:  # noqa: ANN401 - whatever the work returns
    return work(item, lambda _: None, lambda: False)
