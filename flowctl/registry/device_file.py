"""A file of devices: CSV with the columns uid, plate and source, taken in as a whole or not at all.

Whole, because half a fleet that was entered is harder to mend than a file; entering a file again
does no harm.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from flowctl.errors import FlowctlError
from flowctl.registry.plates import parse_plate
from flowctl.registry.rules import check_device
from flowctl.storage.device_lines import (
    Connection,
    DeviceLine,
    Imported,
    find_foreign,
    stage_lines,
    take_staged,
)
from flowctl.storage.sources import list_sources

COLUMNS = ("uid", "plate", "source")

_MOST_NAMED = 50
_MEND = "Nothing was entered; mend the file and import it again."


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """What a file says, and a sentence for each line that cannot be."""

    lines: list[DeviceLine]
    problems: list[str]


def read_device_file(text: Iterable[str], sources: Mapping[str, int]) -> DeviceFile:
    """Read a file's lines; ``sources`` has the ids of the sources by name.

    Raises
    ------
    FlowctlError
        The file is no CSV, or its header is not the one expected.
    """
    found: list[DeviceLine] = []
    problems: list[str] = []
    first: dict[str, int] = {}
    for number, row in _rows(text):
        try:
            line = _line(number, row, sources)
        except FlowctlError as error:
            problems.append(f"Line {number}: {error}")
            continue
        if line.uid in first:
            problems.append(
                f"Line {number}: the device {line.uid} stands in line {first[line.uid]} already."
            )
            continue
        first[line.uid] = number
        found.append(line)
    return DeviceFile(found, problems)


def import_devices(
    conn: Connection,
    text: Iterable[str],
    *,
    since: datetime,
    by: str,
    progress: Callable[[str], None],
) -> Imported:
    """Enter the devices of a file, for their sources, on their trucks from ``since`` on.

    ``progress`` is told each step as it begins.

    Raises
    ------
    FlowctlError
        Anything in the file cannot be; names the lines, a sentence each. Nothing was entered.
    """
    progress("Reading the file")
    sources = {source.name: source.id for source in list_sources(conn)}
    file = read_device_file(text, sources)
    progress("Comparing with the registry")
    stage_lines(conn, file.lines)
    foreign = [
        f"Line {number}: the device {uid} belongs to the source {owner}; a device has one source."
        for number, uid, owner in find_foreign(conn)
    ]
    problems = file.problems + foreign
    if problems:
        more = len(problems) - _MOST_NAMED
        named = problems[:_MOST_NAMED] + ([f"… and {more:,} lines more."] if more > 0 else [])
        raise FlowctlError("\n".join([*named, _MEND]))
    progress("Entering the devices")
    return take_staged(conn, since=since, by=by)


def _rows(text: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each line's number and its fields without spaces around them."""
    reader = csv.DictReader(text, restkey="", strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        if "uid" not in header or not set(header) <= set(COLUMNS):
            raise FlowctlError(
                f"The first line must name the columns: uid, and plate and source where there are"
                f" any; it reads {','.join(header)[:80]!r}."
            )
        reader.fieldnames = header
        for row in reader:
            if "" in row:
                raise FlowctlError(
                    f"Line {reader.line_num} has more fields than the first line has columns."
                )
            yield reader.line_num, {name: (value or "").strip() for name, value in row.items()}
    except csv.Error as error:
        where = f"at line {reader.line_num} or after it"
        raise FlowctlError(f"The file is no CSV {where}: {error}.") from error
    except UnicodeDecodeError as error:
        raise FlowctlError(f"The file is no text in UTF-8: {error.reason}.") from error


def _line(number: int, row: dict[str, str], sources: Mapping[str, int]) -> DeviceLine:
    uid = check_device(row["uid"])
    if uid is None:
        raise FlowctlError("the device is missing.")
    plate, source = row.get("plate"), row.get("source")
    if source and source not in sources:
        raise FlowctlError(
            f"there is no source {source[:40]!r}; enter it with: flowctl source add {source[:40]}"
        )
    return DeviceLine(
        number,
        uid,
        parse_plate(plate).text if plate else None,
        sources[source] if source else None,
    )
