"""The edge: a decoded body becomes the batch that goes to disk, and the answer its sender gets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.telemetry.fixes import FIX, FixBatch, SetAside, merge, rows_of
from flowctl.telemetry.formats.decoded import Decoded
from flowctl.telemetry.screening import ACCEPTED, DETAILS, REASONS, Reason, ScreeningParams, screen


@dataclass(frozen=True, slots=True)
class Rejection:
    """One item of a body that was set aside: its index there, the reason, a sentence."""

    index: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What goes to disk, and what the sender is told."""

    batch: FixBatch
    rejected: tuple[Rejection, ...]


def site_limits(site: Site) -> ScreeningParams:
    """Return the limits a site sets; a source's own stand over them."""
    return ScreeningParams(
        lateness_limit_s=site.lateness_limit_s, future_limit_s=site.future_limit_s
    )


def intake(
    decoded: Decoded,
    *,
    source_id: int,
    received_at_us: int,
    params: ScreeningParams,
    only_device: str | None = None,
    unknown: frozenset[str] = frozenset(),
) -> Intake:
    """Screen decoded fixes; those that fail stay in the batch as set aside, nothing is dropped.

    Parameters
    ----------
    decoded
        What a body held; its source and moment of reception are filled in here.
    source_id, received_at_us, params
        Who sent it, when it came, and the limits that hold for him.
    only_device
        The one device the sender may speak for, None where he may for all of his source.
    unknown
        Devices that are refused because nobody has registered them.
    """
    decoded.rows["source_id"] = source_id
    decoded.rows["received_at"] = received_at_us
    verdict = screen(decoded.rows, received_at_us=received_at_us, params=params)
    if unknown:
        _judge_devices(decoded, verdict, Reason.UNKNOWN_DEVICE, lambda uid: uid in unknown)
    if only_device is not None:
        _judge_devices(decoded, verdict, Reason.FOREIGN_DEVICE, lambda uid: uid != only_device)
    good = verdict == ACCEPTED
    if good.all() and not decoded.misfits:
        return Intake(FixBatch(decoded.devices, decoded.rows), ())
    aside: list[tuple[Rejection, SetAside]] = []
    for misfit in decoded.misfits:
        reason = Reason.MALFORMED
        item = SetAside(source_id, received_at_us, reason, misfit.device, None, misfit.raw)
        aside.append((Rejection(misfit.index, reason, misfit.detail), item))
    for i in np.flatnonzero(~good).tolist():
        reason = REASONS[verdict[i]]
        item = set_aside(decoded.rows[i], decoded.devices[decoded.rows["device"][i]], reason)
        aside.append((Rejection(int(decoded.item[i]), reason, _detail(reason, params)), item))
    aside.sort(key=lambda pair: pair[0].index)
    kept = _only(decoded, good)
    return Intake(
        FixBatch(kept.devices, kept.rows, tuple(item for _, item in aside)),
        tuple(rejection for rejection, _ in aside),
    )


def join(parts: Sequence[Decoded]) -> Decoded:
    """Return what many bodies held as one; its rows are numbered anew, in the order given."""
    fixes = merge([FixBatch(part.devices, part.rows) for part in parts])
    misfits = tuple(misfit for part in parts for misfit in part.misfits)
    return Decoded(fixes.devices, fixes.rows, np.arange(len(fixes.rows)), misfits)


def _judge_devices(
    decoded: Decoded, verdict: NDArray[np.int8], reason: Reason, applies: Callable[[str], bool]
) -> None:
    """Put a reason that holds for all fixes of a device before those of single fixes."""
    judged = np.array([applies(uid) for uid in decoded.devices], dtype=np.bool_)
    if judged.any():
        verdict[judged[decoded.rows["device"]]] = REASONS.index(reason)


def _only(decoded: Decoded, good: NDArray[np.bool_]) -> FixBatch:
    rows = decoded.rows[good]
    used, rows["device"] = np.unique(rows["device"], return_inverse=True)
    return FixBatch(tuple(decoded.devices[i] for i in used.tolist()), rows)


def _detail(reason: Reason, params: ScreeningParams) -> str:
    return DETAILS[reason].format(
        future_s=params.future_limit_s, lateness_h=params.lateness_limit_s // 3600
    )


def set_aside(fix: np.void, device: str, reason: Reason) -> SetAside:
    """Keep a row of dtype `FIX` as the JSON it amounts to, so that it can be read again."""
    columns = {name: fix[name].item() for name in _KEPT}
    raw = msgspec.json.encode({"device": device, **columns})
    return SetAside(
        int(fix["source_id"]),
        int(fix["received_at"]),
        reason,
        device,
        int(fix["fixed_at"]),
        raw,
    )


def row_set_aside(item: SetAside) -> NDArray[np.void]:
    """Return the fix that `set_aside` kept: one row of dtype `FIX`, its device index 0."""
    kept = msgspec.json.decode(item.raw)
    row = rows_of(1)
    for name in _KEPT:
        if kept[name] is not None:  # JSON has no NaN: an absent value was written as null
            row[name] = kept[name]
    row["source_id"], row["received_at"] = item.source_id, item.received_at_us
    return row


_KEPT = tuple(
    name for name in FIX.names or () if name not in {"device", "source_id", "received_at"}
)
