"""The commands about partners: files that they drop into a directory."""

import signal
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import psycopg
import structlog
import typer

from flowctl import logs
from flowctl.clock import clock
from flowctl.csv_text import csv_text
from flowctl.dropped import RowResult, take_file
from flowctl.errors import FlowctlError
from flowctl.registry.keys import derive_keys
from flowctl.registry.sources import get_source
from flowctl.settings import Settings
from flowctl.shell import database, get_settings, sentences
from flowctl.storage.sites import get_site

app = typer.Typer(no_args_is_help=True, help="Other systems of the border.")

_log = structlog.get_logger()
_ENDINGS = (".csv", ".xlsx")
_LOOK_EVERY_S = 2.0
_STOPS = (signal.SIGINT, signal.SIGTERM)
_DONE, _FAULTS, _RESULT = "done", "faults", ".result.csv"


@app.callback()
def partner() -> None:
    """Other systems of the border."""


@app.command("drop")
def drop(
    directory: Annotated[Path, typer.Argument(help="Where the partner drops its files.")],
    source: Annotated[str, typer.Option(help="The source whose files they are.")],
    once: Annotated[bool, typer.Option("--once", help="Take what is there, and end.")] = False,
) -> None:
    """Take CSV and XLSX files of stages or facts as a partner drops them.

    A file is taken once its size stands still, best written under another name and renamed. What
    was taken goes to done/, beside a result by row; what had a row refused, or cannot be read, to
    faults/, where the result says why. The rows that were good count, and count once.
    """
    chosen = get_settings()
    with sentences():
        _directories(directory)
        with database() as conn:
            get_source(conn, source)
    logs.begin("partner drop")
    stop = Event()
    former = {one: signal.signal(one, lambda *_: stop.set()) for one in _STOPS}
    try:
        _take_while(chosen, directory, source, stop, once=once)
    finally:
        for sign, handler in former.items():
            signal.signal(sign, handler)


def _take_while(chosen: Settings, directory: Path, source: str, stop: Event, *, once: bool) -> None:
    """Take files until asked to stop; ``once``: until each that is there was seen twice."""
    sizes: dict[Path, int] = {}
    while not stop.is_set():
        before, sizes = sizes, _sizes(directory)
        for path in sorted(path for path, size in sizes.items() if before.get(path) == size):
            _take(chosen, path, source)
        if once and sizes.keys() <= before.keys():
            return
        stop.wait(_LOOK_EVERY_S / (4 if once else 1))


def _directories(directory: Path) -> None:
    if not directory.is_dir():
        raise FlowctlError(f"{directory} is no directory.")
    for name in (_DONE, _FAULTS):
        (directory / name).mkdir(exist_ok=True)


def _sizes(directory: Path) -> dict[Path, int]:
    return {
        path: path.stat().st_size
        for path in directory.iterdir()
        if path.suffix.lower() in _ENDINGS and not path.name.startswith(".") and path.is_file()
    }


def _take(chosen: Settings, path: Path, name: str) -> None:
    """Take one file, and move it once what it said is in the database."""
    now = clock(chosen.clock_file).now()
    try:
        results = _in_database(chosen, path.read_bytes(), name, now)
        wrong = any(one.status == "refused" for one in results)
    except psycopg.OperationalError as error:
        # The file stays where it is, and is taken once the database answers.
        _log.warning("the file waits for the database", file=path.name, reason=str(error).strip())
        return
    except FlowctlError as error:
        results, wrong = [RowResult(0, "refused", detail=str(error))], True
    rows = [(one.row, one.status, one.trip, one.detail) for one in results]
    text = csv_text(["row", "status", "trip", "detail"], rows, for_excel=True)
    place = path.parent / (_FAULTS if wrong else _DONE)
    target = _free(place, path.name)
    # The result first: whoever dies in between leaves the file, which is taken again.
    target.with_name(target.name + _RESULT).write_text(text, encoding="utf-8")
    path.rename(target)
    _log.info("file taken", file=path.name, to=place.name, rows=len(results))


def _in_database(chosen: Settings, content: bytes, name: str, now: datetime) -> list[RowResult]:
    keys = derive_keys(chosen.secret, chosen.old_secrets)
    options = "-c timezone=UTC"
    with psycopg.connect(chosen.database_url, options=options) as conn:
        site = get_site(conn, chosen.site)
        return take_file(conn, site, keys, get_source(conn, name), content, now=now)


def _free(place: Path, name: str) -> Path:
    """Return a name that is not taken: a partner may call every file alike."""
    target, number = place / name, 2
    while target.exists():
        target = place / f"{Path(name).stem}.{number}{Path(name).suffix}"
        number += 1
    return target
