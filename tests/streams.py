"""What lies on the streams of a Valkey, for tests of what puts it there."""

import redis

from flowctl.telemetry.fixes import FixBatch, batch_from_bytes, merge


def on_disk(url: str) -> FixBatch:
    """Return everything the streams hold, as one batch."""
    with redis.Redis.from_url(url) as store:
        entries = [entry for name in store.keys("fixes:*") for _, entry in store.xrange(name)]
    return merge([batch_from_bytes(entry[b"b"]) for entry in entries])


def fixes_on_disk(url: str) -> list[tuple[str, int]]:
    """Return (device, fixed_at in µs) of every fix that was accepted."""
    batch = on_disk(url)
    return [(batch.devices[row["device"]], int(row["fixed_at"])) for row in batch.rows]


def set_aside_on_disk(url: str) -> list[tuple[str, str | None]]:
    """Return (reason, device) of every item that was set aside."""
    return sorted((item.reason, item.device or "") for item in on_disk(url).aside)
