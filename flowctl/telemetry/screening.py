"""Screening: what one fix says about itself, independent of every other fix and of their order."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_US = 1_000_000


class Reason(StrEnum):
    """Why a fix was set aside. Those after IMPRECISE are found elsewhere than in `screen`."""

    NOT_FINITE = "not_finite"
    LATITUDE = "latitude_out_of_range"
    LONGITUDE = "longitude_out_of_range"
    ZERO_ISLAND = "zero_island"
    FUTURE = "future"
    TOO_LATE = "too_late"
    IMPRECISE = "imprecise"
    MALFORMED = "malformed"
    UNKNOWN_DEVICE = "unknown_device"
    FOREIGN_DEVICE = "foreign_device"
    CONTRADICTED = "contradicted"
    POISON = "poison"


REASONS = tuple(Reason)
ACCEPTED = -1

DETAILS = {
    Reason.NOT_FINITE: "Longitude and latitude must be finite numbers.",
    Reason.LATITUDE: "Latitude must lie between -90 and 90 degrees.",
    Reason.LONGITUDE: "Longitude must lie between -180 and 180 degrees.",
    Reason.ZERO_ISLAND: "0, 0 is what a receiver without a position says.",
    Reason.FUTURE: "The fix is dated {future_s} s or more after its reception; check the clock.",
    Reason.TOO_LATE: "The fix was more than {lateness_h} hours old when received: too late.",
    Reason.IMPRECISE: "The stated accuracy is too poor to place a truck.",
    Reason.MALFORMED: "The item is not a fix of this format.",
    Reason.UNKNOWN_DEVICE: "Nobody has registered this device; its fixes are kept aside.",
    Reason.FOREIGN_DEVICE: "This device belongs to another source, or the token to another device.",
    Reason.CONTRADICTED: "Another fix of the same source, device and moment was kept instead.",
    Reason.POISON: "The stream entry could not be read or stored.",
}


@dataclass(frozen=True, slots=True)
class ScreeningParams:
    """Limits of one fix; seconds and metres."""

    lateness_limit_s: int = 7 * 86_400
    future_limit_s: int = 300
    accuracy_limit_m: float = 500.0


def screen(
    rows: NDArray[np.void], *, received_at_us: int, params: ScreeningParams
) -> NDArray[np.int8]:
    """Return `ACCEPTED` or an index into `REASONS` for each row (dtype `FIX`, shape [n])."""
    verdict = np.full(len(rows), ACCEPTED, dtype=np.int8)
    lon, lat, at = rows["lon"], rows["lat"], rows["fixed_at"]
    finite = np.isfinite(lon) & np.isfinite(lat)
    # The first reason that applies is the one told, so the list runs from last to first.
    for reason, applies in (
        (Reason.IMPRECISE, rows["accuracy_m"] > params.accuracy_limit_m),
        (Reason.TOO_LATE, at < received_at_us - params.lateness_limit_s * _US),
        (Reason.FUTURE, at > received_at_us + params.future_limit_s * _US),
        (Reason.ZERO_ISLAND, (lon == 0) & (lat == 0)),
        (Reason.LONGITUDE, np.abs(lon) > 180),  # noqa: PLR2004 - degrees of longitude
        (Reason.LATITUDE, np.abs(lat) > 90),  # noqa: PLR2004 - degrees of latitude
        (Reason.NOT_FINITE, ~finite),
    ):
        verdict[applies] = REASONS.index(reason)
    return verdict
