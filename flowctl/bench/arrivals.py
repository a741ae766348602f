"""``flowctl bench arrivals``: the visits we tell, against where the trucks of a day truly were.

A simulated day and drivers by script are seen by trackers with the faults of real ones. What they
post goes, post by post, through what stores and judges positions in production, on a PostgreSQL of
its own. The truth comes from the true paths at fine steps, by `flowctl.bench.truth`.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray
from rich.table import Table

from flowctl.bench.cast import ArrivalsOptions, Cast, Delivery, Tell
from flowctl.bench.drivers import STRADDLING
from flowctl.bench.own_stores import refuse_other_stores
from flowctl.bench.scores import Choice, Scores, both, due_missed
from flowctl.bench.truth import STAY, Truth, TruthParams, match, naive_entries, truth_of
from flowctl.data_files import data_dir
from flowctl.embedded import RunningStore, start_postgres
from flowctl.registry.sources import add_source
from flowctl.site_files import load_site, read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.sites import save_site
from flowctl.telemetry.edge import intake, site_limits
from flowctl.telemetry.fixes import PARTITIONS, microseconds
from flowctl.telemetry.fleet import NEVER
from flowctl.telemetry.formats import own
from flowctl.telemetry.storing import Recorder
from geo.zones import Role

_SITE = data_dir() / "sites" / "lang_son"
_FAR_OFF_S = 45.0
_CASES = 40  # of what went wrong, shown
_TOLD_EVERY = 0.02  # of the posts


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to.

    ``yards`` and ``naive_yards`` are about arrivals at yards, ``roles`` about every role of a zone:
    ours, then the naive rule's on the same fixes. ``straddling`` counts the most arrivals told of
    one truck that stands on a fence line all day.
    """

    yards: Scores
    naive_yards: Scores
    roles: Mapping[str, tuple[Scores, ...]]
    plays: Mapping[str, tuple[Scores, ...]]
    straddling: Mapping[str, int]
    trucks: int
    fixes: int
    posts: int
    seconds: float
    wrong: Sequence[Mapping[str, Any]]
    options: ArrivalsOptions

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object; an absent one is null."""

        def beside(pair: tuple[Scores, ...]) -> dict[str, Any]:
            ours, naive = pair
            return {"ours": ours.as_json(), "naive": naive.as_json()}

        return {
            **self.yards.as_json(),
            **{f"naive_{name}": value for name, value in self.naive_yards.as_json().items()},
            "roles": {role: beside(pair) for role, pair in self.roles.items()},
            "plays": {play: beside(pair) for play, pair in self.plays.items()},
            "straddling": dict(self.straddling),
            "trucks": self.trucks,
            "fixes": self.fixes,
            "posts": self.posts,
            "seconds": self.seconds,
            "wrong": list(self.wrong),
            "options": asdict(self.options),
        }


def run_arrivals(options: ArrivalsOptions, tell: Tell) -> Figures:
    """Play, post, judge and compare.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, or none can be started.
    """
    refuse_other_stores()
    began = time.monotonic()
    site = load_site(_SITE)
    cast = Cast.drawn(site, options)
    tell("playing the day")
    deliveries = cast.play(tell)
    truth = truth_of(cast.true_stays(tell), site.zones, TruthParams())
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        home = Path(name)
        home.chmod(0o711)  # the database server runs as another user and must get through
        tell("starting PostgreSQL")
        with start_postgres(home) as store:
            told = told_visits(store, cast, deliveries, tell)
    tell("asking the naive rule, and comparing")
    naive = naive_entries(site.zones, *_delivered(cast, deliveries))
    return _figures(cast, truth, (told, naive), deliveries, time.monotonic() - began)


def told_visits(
    store: RunningStore, cast: Cast, deliveries: Sequence[Delivery], tell: Tell
) -> NDArray[np.void]:
    """Have an empty database take in the posts; return the arrivals it tells, rows of `STAY`."""
    migrate(store.url, store.owner_url)
    with psycopg.connect(store.url, autocommit=True, options="-c timezone=UTC") as conn:
        with conn.transaction():
            now = cast.scenario.start - timedelta(days=1)
            site = save_site(conn, read_source(_SITE), where=str(_SITE), now=now)
            add_source(conn, name="bench", enrols=True)
        recorder = Recorder.of(conn, site)
        recorder.recall(dict.fromkeys(range(PARTITIONS), int(NEVER)))
        recorder.refresh()
        limits, said = site_limits(site), -_TOLD_EVERY
        for number, (received_at, post) in enumerate(deliveries):
            decoded = own.decode_json(msgspec.json.encode(post))
            taken = intake(
                decoded, source_id=1, received_at_us=microseconds(received_at), params=limits
            )
            with conn.transaction():
                recorder.record(taken.batch)
            done = number / len(deliveries)
            if done - said >= _TOLD_EVERY:
                said = done
                tell(f"storing and judging: {done:.0%} of the posts")
        return _list_told(conn, cast)


def _list_told(conn: psycopg.Connection[Any], cast: Cast) -> NDArray[np.void]:
    numbers = {uid: number for number, uid in enumerate(cast.devices)}
    zones = {zone.id: number for number, zone in enumerate(cast.site.zones)}
    found = conn.execute(
        "select d.uid, v.zone, extract(epoch from v.entered_at)::float8,"
        " extract(epoch from v.left_at)::float8 from visits v join devices d on d.id = v.device_id"
        " where not v.seen_inside order by d.uid, v.entered_at"
    ).fetchall()
    rows = np.empty(len(found), STAY)
    for k, (uid, zone, entered_at, left_at) in enumerate(found):
        left = np.nan if left_at is None else left_at
        rows[k] = (numbers[uid], zones[zone], entered_at, left, True)
    return rows


def _delivered(
    cast: Cast, deliveries: Sequence[Delivery]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return device, moment, lon and lat of every fix as it was delivered, shape [n] each."""
    numbers = {uid: number for number, uid in enumerate(cast.devices)}
    fixes = [fix for _, post in deliveries for fix in post]
    moments = np.array([fix["fixed_at"].rstrip("Z") for fix in fixes], dtype="datetime64[ms]")
    return (
        np.array([numbers[fix["device"]] for fix in fixes], np.int64),
        moments.astype(np.int64) / 1e3,
        np.array([fix["lon"] for fix in fixes], np.float64),
        np.array([fix["lat"] for fix in fixes], np.float64),
    )


def _figures(
    cast: Cast,
    truth: Truth,
    claims: Sequence[NDArray[np.void]],
    deliveries: Sequence[Delivery],
    seconds: float,
) -> Figures:
    """Score both rules on the same trucks; ``claims`` are ours and the naive rule's."""
    params = TruthParams()
    plays = np.array(cast.play_of)
    roles = np.array([str(zone.role) for zone in cast.site.zones])
    known, yard = ~np.isin(plays, list(STRADDLING)), roles == str(Role.YARD)

    def scores(trucks: NDArray[np.bool_], zones: NDArray[np.bool_]) -> tuple[Scores, ...]:
        return both(claims, truth, Choice(trucks, zones), params)

    ours, naive = scores(known, yard)
    on_fence = Choice(~known, yard)
    most = [_most(rows[on_fence.rows(rows)]) for rows in claims]
    at_yards = Choice(known, yard)
    return Figures(
        yards=ours,
        naive_yards=naive,
        roles={role: scores(known, roles == role) for role in dict.fromkeys(roles.tolist())},
        plays={play: scores(plays == play, yard) for play in dict.fromkeys(cast.play_of)},
        straddling={"trucks": int((~known).sum()), "most": most[0], "naive_most": most[1]},
        trucks=len(plays),
        fixes=sum(len(post) for _, post in deliveries),
        posts=len(deliveries),
        seconds=round(seconds, 1),
        wrong=_wrong(cast, claims[0][at_yards.rows(claims[0])], truth, at_yards),
        options=cast.options,
    )


def _most(rows: NDArray[np.void]) -> int:
    """Return the most arrivals told of one truck at one yard."""
    _, counts = np.unique(rows[["truck", "zone"]], return_counts=True)
    return int(counts.max()) if len(counts) else 0


def _wrong(
    cast: Cast, claims: NDArray[np.void], truth: Truth, where: Choice
) -> list[dict[str, Any]]:
    """Return the first false and missed arrivals at yards, and those told far off."""
    of = where.rows(truth.arrivals)
    part = Truth(truth.arrivals[of], truth.due[of])
    found = match(claims, part.arrivals, TruthParams())
    off = found.claims[np.abs(found.error_s) > _FAR_OFF_S]
    cases = [
        *(("false", claims[k]) for k in found.false.tolist()),
        *(("missed", part.arrivals[k]) for k in due_missed(found, part).tolist()),
        *(("far off", claims[k]) for k in off.tolist()),
    ]
    return [
        {
            "what": what,
            "device": cast.devices[int(row["truck"])],
            "play": cast.play_of[int(row["truck"])],
            "zone": cast.site.zones[int(row["zone"])].id,
            "at": datetime.fromtimestamp(float(row["entered_at"]), UTC).isoformat(),
        }
        for what, row in cases[:_CASES]
    ]


def table(figures: Figures) -> Table:
    """Return the figures for people: ours beside the naive rule's."""
    rows = Table(title="flowctl bench arrivals", box=None, pad_edge=False)
    for title in ("", "precision", "recall", "error p50", "p95", "arrivals", "false", "missed"):
        rows.add_column(title, justify="left" if not title else "right")
    pairs: list[tuple[str, tuple[Scores, ...]]] = [
        ("arrivals at yards", (figures.yards, figures.naive_yards))
    ]
    pairs += [(f"  {play}", pair) for play, pair in figures.plays.items() if play not in STRADDLING]
    pairs += [(f"zones: {role}", pair) for role, pair in figures.roles.items()]
    for name, (ours, naive) in pairs:
        rows.add_row(name, *_cells(ours), style="bold" if name == pairs[0][0] else "")
        rows.add_row("    naive rule", *_cells(naive), style="dim")
    return rows


def _cells(scores: Scores) -> list[str]:
    shares = ["–" if s is None else f"{s:.2%}" for s in (scores.precision, scores.recall)]
    errors = ["–" if s is None else f"{s:.0f} s" for s in (scores.p50_error_s, scores.p95_error_s)]
    return [*shares, *errors, *map(str, (scores.arrivals, scores.false, scores.missed))]
