"""The edge: a decoded body becomes the batch that goes to disk, and the answer its sender gets."""

from dataclasses import dataclass

import msgspec

from flowctl.telemetry.fixes import FixBatch, SetAside, index_devices
from flowctl.telemetry.formats.own import Decoded
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


def intake(
    decoded: Decoded, *, source: int, received_at_us: int, params: ScreeningParams
) -> Intake:
    """Screen decoded fixes; those that fail stay in the batch as set aside, nothing is dropped."""
    verdict = screen(decoded.rows, received_at_us=received_at_us, params=params)
    good = verdict == ACCEPTED
    kept = decoded.rows[good].copy()
    devices, index = index_devices([decoded.devices[i] for i in kept["device"]])
    kept["device"] = index
    screened = [
        (int(decoded.item[i]), _aside(decoded, i, REASONS[code]), _detail(REASONS[code], params))
        for i, code in enumerate(verdict.tolist())
        if code != ACCEPTED
    ]
    misfits = sorted([*decoded.misfits, *screened], key=lambda misfit: misfit[0])
    return Intake(
        FixBatch(source, received_at_us, devices, kept, tuple(item for _, item, _ in misfits)),
        tuple(Rejection(index, item.reason, detail) for index, item, detail in misfits),
    )


def _detail(reason: Reason, params: ScreeningParams) -> str:
    return DETAILS[reason].format(
        future_s=params.future_limit_s, lateness_h=params.lateness_limit_s // 3600
    )


def _aside(decoded: Decoded, row: int, reason: Reason) -> SetAside:
    """Keep a screened row as the JSON it amounts to, so that it can be read and posted again."""
    fix = decoded.rows[row]
    device = decoded.devices[int(fix["device"])]
    columns = {name: fix[name].item() for name in fix.dtype.names or () if name != "device"}
    raw = msgspec.json.encode({"device": device, **columns})
    return SetAside(str(reason), device, int(fix["fixed_at"]), raw)
