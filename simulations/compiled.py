"""Plain functions as machine code: production's rules and the inner loops of simulated days.

What was compiled is kept on disk, in a folder named by a digest of every source that may have gone
into it: a rule that was changed is never served from what was compiled of it before. (The
compiler's own cache looks at the file of a function alone, not at those it calls.)
"""

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryFile
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast

import numba
import structlog
from numba import types
from numba.extending import overload_method, register_jitable

Plain = TypeVar("Plain", bound=Callable[..., Any])

_ROOT = Path(__file__).parents[1]
_SIMULATIONS, _N_CONTROL = _ROOT / "simulations", _ROOT / "flowctl" / "dispatch" / "n_control.py"
_ROOMS: Sequence[tuple[Path, ...]] = (
    (_SIMULATIONS / "fast", _ROOT / "flowctl" / "traffic", _N_CONTROL, Path(__file__)),
    (_SIMULATIONS / "buckets.py", _SIMULATIONS / "closed_loop.py", _N_CONTROL, Path(__file__)),
    (_SIMULATIONS / "measures_passed.py", Path(__file__)),
)
"""Folders and files in which functions that are compiled stand, with all that they call."""

_KEPT = 16

_log = structlog.get_logger()


def borrowing(function: Plain) -> Plain:
    """Return a function that makes and returns no array as `compiled` does, but faster.

    It counts no references to the arrays it is handed: its caller holds them. A day hands some
    dozens from function to function, each tick.
    """
    return compiled(function, borrows=True)


def inlined(function: Plain) -> Plain:
    """Return a function as `borrowing` does, put into those that call it: for what is small."""
    return compiled(function, borrows=True, inline=True)


def compiled(function: Plain, *, borrows: bool = False, inline: bool = False) -> Plain:
    """Return a function of numbers and arrays as machine code, compiled at its first call.

    It lets other threads run meanwhile. What it calls by name may be a plain function too.

    Raises
    ------
    ValueError
        The function stands outside of the rooms whose sources name the folder.
    """
    rooms = _rooms_of(function)
    if rooms is None:
        source = function.__code__.co_filename
        raise ValueError(f"{source}: a change of this file would not be noticed; see _ROOMS.")
    _make_callable(function)
    folder = _folder(rooms)
    config: Any = numba.config
    own = config.CACHE_DIR
    config.CACHE_DIR = "" if folder is None else str(folder)
    try:
        njit: Any = numba.njit
        kept = folder is not None
        made = njit(nogil=True, cache=kept, forceinline=inline, _nrt=not borrows)
        return cast("Plain", made(function))
    finally:
        config.CACHE_DIR = own


@cache
def _make_callable(function: Callable[..., Any]) -> None:
    """Let what is compiled call the plain functions of the rooms that a function calls by name."""
    for name in _names(function.__code__):
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType) and _rooms_of(called) is not None:
            _make_callable(called)
            register_jitable(called)


def _names(code: CodeType) -> set[str]:
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)


def _rooms_of(function: Callable[..., Any]) -> tuple[Path, ...] | None:
    """Return the sources whose change has a function compiled anew."""
    source = Path(function.__code__.co_filename)
    return next(
        (rooms for rooms in _ROOMS if any(source.is_relative_to(room) for room in rooms)), None
    )


@overload_method(types.Array, "tolist")
def _tolist(array: object) -> Callable[..., Any]:
    """Loops over the numbers of an array: as fast as can be over the array itself, compiled."""
    del array

    def itself(array: object) -> object:
        return array

    return itself


def cache_folder(above: Path, rooms: Iterable[Path]) -> Path:
    """Return the folder, under ``above``, of what is compiled from the sources in ``rooms``."""
    digest = blake2b(f"numba {numba.__version__}".encode(), digest_size=12)
    for room in rooms:
        for source in sorted(room.rglob("*.py")) if room.is_dir() else [room]:
            digest.update(f"\n{source.relative_to(room.parent)}\n".encode())
            digest.update(source.read_bytes())
    return above / f"compiled-{digest.hexdigest()}"


@cache
def _folder(rooms: tuple[Path, ...]) -> Path | None:
    """Return where compiled functions are kept; None, said once, where nothing can be."""
    above = _above()
    folder = cache_folder(above, rooms)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _log.warning("compiled functions are not kept", folder=str(above), error=str(error))
        return None
    _drop_old(above)
    return folder


def _drop_old(above: Path) -> None:
    """Remove what was compiled of older sources, but for the newest few."""
    kept = sorted(above.glob("compiled-*"), key=lambda folder: folder.stat().st_mtime)
    for old in kept[:-_KEPT]:
        rmtree(old, ignore_errors=True)


def _above(environment: Sequence[str] = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")) -> Path:
    """Return the user's folder of things that can be made again."""
    named = next((os.environ[name] for name in environment if os.environ.get(name)), None)
    return (Path.home() / ".cache" if named is None else Path(named)) / "flowctl"
