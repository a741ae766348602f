"""The table of README's validation section: its rows as they are worked out, and as they stand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
HEAD = "| simulated | held against | there | here | error |"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Row:
    """One thing that was simulated, what it was held against, and by how much both differ."""

    simulated: str
    held_against: str
    there: str
    here: str
    error: str

    def __str__(self) -> str:
        """Return the row as README writes it."""
        cells = self.simulated, self.held_against, self.there, self.here, self.error
        return f"| {' | '.join(cells)} |"


def told_rows() -> dict[str, Row]:
    """Return the rows that README tells, by what was simulated."""
    after = README.read_text(encoding="utf-8").split(f"{HEAD}\n", 1)
    assert len(after) == 2, "README has no table of validation"
    rows = {}
    for line in after[1].splitlines()[1:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[cells[0]] = Row(*cells)
    return rows


def assert_told(row: Row) -> None:
    """Check that README says of this row what came out now; figures may be rounded otherwise."""
    told = told_rows().get(row.simulated)
    assert told is not None, f"README lacks the row:\n{row}"
    assert told.held_against == row.held_against
    for now, then in (
        (row.there, told.there),
        (row.here, told.here),
        (row.error, told.error),
    ):
        assert _alike(_figures(now), _figures(then)), f"README says:\n{told}\nand it is:\n{row}"


def _figures(cell: str) -> list[float]:
    return [float(text) for text in _NUMBER.findall(cell.replace(",", "").replace("−", "-"))]


def _alike(now: Iterable[float], then: Iterable[float]) -> bool:
    pairs = list(zip(now, then, strict=True))
    return all(abs(a - b) <= max(0.01 * abs(a), 0.11) for a, b in pairs)
