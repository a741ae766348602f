"""Precision, recall and error in time of claimed arrivals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowctl.bench.truth import Match, Truth, TruthParams, match


@dataclass(frozen=True, slots=True)
class Scores:
    """Claims against the truth; errors are seconds without sign, None where nothing was paired.

    ``precision`` is the share of claims that are arrivals, ``recall`` the share of arrivals that
    are due and were claimed.
    """

    precision: float | None
    recall: float | None
    p50_error_s: float | None
    p95_error_s: float | None
    arrivals: int
    claims: int
    false: int
    missed: int

    def as_json(self) -> dict[str, Any]:
        """Return the scores as one object."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "p50_error_s": self.p50_error_s,
            "p95_error_s": self.p95_error_s,
            "arrivals": self.arrivals,
            "claims": self.claims,
            "false": self.false,
            "missed": self.missed,
        }


def score(claims: NDArray[np.void], truth: Truth, params: TruthParams) -> Scores:
    """Return how close claims (rows of `STAY`) come to the truth."""
    found = match(claims, truth.arrivals, params)
    missed = due_missed(found, truth)
    due = int(truth.due.sum())
    return Scores(
        precision=_share(len(claims) - len(found.false), len(claims)),
        recall=_share(due - len(missed), due),
        p50_error_s=_quantile(found, 0.5),
        p95_error_s=_quantile(found, 0.95),
        arrivals=due,
        claims=len(claims),
        false=len(found.false),
        missed=len(missed),
    )


def due_missed(found: Match, truth: Truth) -> NDArray[np.int64]:
    """Return the arrivals that were due and not claimed, as indexes."""
    return found.missed[truth.due[found.missed]]


def both(
    claims: Sequence[NDArray[np.void]], truth: Truth, where: "Choice", params: TruthParams
) -> tuple[Scores, ...]:
    """Return the scores of several rules on one choice of trucks and zones."""
    of = where.rows(truth.arrivals)
    part = Truth(truth.arrivals[of], truth.due[of])
    return tuple(score(rows[where.rows(rows)], part, params) for rows in claims)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which trucks and zones are meant, by their numbers."""

    trucks: NDArray[np.bool_]
    zones: NDArray[np.bool_]

    def rows(self, stays: NDArray[np.void]) -> NDArray[np.bool_]:
        """Tell which rows of `STAY` are meant, shape [n]."""
        chosen: NDArray[np.bool_] = self.trucks[stays["truck"]] & self.zones[stays["zone"]]
        return chosen


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 5) if whole else None


def _quantile(found: Match, level: float) -> float | None:
    if not len(found.error_s):
        return None
    return round(float(np.quantile(np.abs(found.error_s), level)), 1)
