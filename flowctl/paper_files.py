"""Sheets as files, so that the order is there when flowctl or the network is not."""

import os
import re
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from flowctl.errors import NotFoundError
from flowctl.paper.order import PARAMS, SignedOrder
from flowctl.paper.sheet import sheet
from flowctl.site import Site

_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d{4})_\w+\.html")
_STAMP = "%Y-%m-%d_%H%M"
_READABLE = 0o644


def gates_fed(site: Site, yard: str | None = None) -> list[str]:
    """Return the gates that trucks are called to, or those that one yard feeds.

    Raises
    ------
    NotFoundError
        There is no such yard.
    """
    if yard is not None and yard not in site.yard_by_id:
        known = ", ".join(site.yard_by_id)
        raise NotFoundError(f"There is no yard {yard[:40]!r}; {site.id} has {known}.")
    yards = site.yards if yard is None else (site.yard_by_id[yard],)
    fed = {way.gate for one in yards for way in one.access}
    return [gate for gate in site.gate_by_id if gate in fed]


def write_sheets(directory: Path, site: Site, signed: SignedOrder, yard: str | None) -> list[Path]:
    """Write the sheets of an order, or that of one yard alone, and return their paths.

    Each is there as a whole or not at all. Names begin with the local time, so that the newest
    stand last.

    Raises
    ------
    OSError
        The directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    stamp = f"{signed.order.made_at.astimezone(site.timezone):{_STAMP}}"
    gate = f"{stamp}_{signed.order.gate}"
    wanted: list[str | None] = [None, *signed.order.yards] if yard is None else [yard]
    return [
        _write(directory / f"{gate}{'' if one is None else f'_{one}'}.html", sheet(signed, one))
        for one in wanted
    ]


def _write(path: Path, text: str) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), _READABLE)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def drop_old_sheets(directory: Path, site: Site, now: datetime) -> None:
    """Delete the sheets that are too old to work by; other files stay."""
    oldest = now - timedelta(seconds=PARAMS.files_kept_s)
    for path in directory.glob("*.html"):
        named = _NAME.fullmatch(path.name)
        if named is None:
            continue
        made = datetime.strptime(named[1], _STAMP).replace(tzinfo=site.timezone)
        if made < oldest:
            path.unlink(missing_ok=True)
