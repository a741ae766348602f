"""The commands about sources: who may send what, with which token, how much, how screened."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import psycopg
import typer
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import FlowctlError
from flowctl.notify.webhooks import new_secret
from flowctl.registry import hooks
from flowctl.registry import sources as registry
from flowctl.registry.keys import derive_keys
from flowctl.shell import database, get_settings, record, show_table
from flowctl.storage import sources as stored
from flowctl.storage.sites import get_site
from flowctl.storage.sources import (
    POSITIONS_ONLY,
    OutcomeCount,
    Scope,
    ScreeningOverrides,
    Source,
    TokenRecord,
)
from flowctl.workflow.stages import Desk

app = typer.Typer(
    no_args_is_help=True,
    help="Sources of positions and gate events: their tokens, rights and limits.",
)

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_MOST_UNITS = 10_000
_NO_DESK = "none"

Device = Annotated[str | None, typer.Option(help="The one device the token speaks for.")]
May = Annotated[
    str | None,
    typer.Option(help=f"What it may do, with commas: {', '.join(Scope)}."),
]
Agency = Annotated[
    str | None,
    typer.Option(help="The desk whose stages it decides, or none: customs, tax, yard, …"),
]
Rate = Annotated[float | None, typer.Option(help="Fixes a second it may send; 0: no limit.")]
Accuracy = Annotated[float | None, typer.Option(help="Poorest accuracy taken, metres.")]
Future = Annotated[int | None, typer.Option(help="How far ahead its clocks may run, seconds.")]
Lateness = Annotated[int | None, typer.Option(help="How old its fixes may be, seconds.")]
Lag = Annotated[
    float | None, typer.Option(help="How late a fix may come and still prove its moment, seconds.")
]


@app.command("add")
def add(
    name: str,
    enrols: Annotated[
        bool, typer.Option("--enrols", help="Its unknown devices are registered as its own.")
    ] = False,
    may: May = None,
    witness: Annotated[
        bool, typer.Option("--witness", help="It may say what passes at gates, too.")
    ] = False,
    agency: Agency = None,
    rate: Rate = None,
    accuracy_limit: Accuracy = None,
    future_limit: Future = None,
    lateness_limit: Lateness = None,
    lag_limit: Lag = None,
) -> None:
    """Enter a source of positions and events, and print its token, which is shown only now."""
    with database() as conn:
        may_do = _rights(POSITIONS_ONLY, may, witness=witness or None)
        screening = _screening(
            conn, ScreeningOverrides(lateness_limit, future_limit, accuracy_limit, lag_limit)
        )
        desk = _desk(agency)
        after = {"may": sorted(may_do), "agency": desk}
        record(conn, "source.add", f"source:{name}", after=after)
        typer.echo(
            registry.add_source(
                conn,
                name=name,
                enrols=enrols,
                rate_per_s=rate or None,
                screening=screening,
                scopes=may_do,
                agency=desk,
            )
        )


@app.command("set")
def set_terms(
    name: str,
    enrols: Annotated[
        bool | None, typer.Option(help="Whether its unknown devices are registered as its own.")
    ] = None,
    may: May = None,
    witness: Annotated[
        bool | None, typer.Option(help="Whether it may say what passes at gates, too.")
    ] = None,
    agency: Agency = None,
    rate: Rate = None,
    accuracy_limit: Accuracy = None,
    future_limit: Future = None,
    lateness_limit: Lateness = None,
    lag_limit: Lag = None,
    as_site: Annotated[
        bool, typer.Option("--as-site", help="Drop its own limits first: the site's hold.")
    ] = False,
) -> None:
    """Change what a source may do; what is not named stays.

    Processes see it within a minute; rights beyond sending positions hold, or end, at once.
    """
    with database() as conn:
        found = registry.get_source(conn, name)
        before = ScreeningOverrides() if as_site else found.screening
        screening = _screening(
            conn,
            ScreeningOverrides(lateness_limit, future_limit, accuracy_limit, lag_limit),
            before,
        )
        source = registry.set_terms(
            conn,
            name,
            enrols=enrols,
            rate_per_s=rate,
            screening=screening,
            scopes=_rights(found.scopes, may, witness=witness),
            agency=_desk(agency),
            drop_agency=agency == _NO_DESK,
        )
        before_it, after_it = {"terms": _terms(found)}, {"terms": _terms(source)}
        record(conn, "source.set", f"source:{source.name}", before=before_it, after=after_it)
        typer.echo(f"{source.name}: {_terms(source)}.")


@app.command("list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the sources: when each was last heard, its tokens, what became of its fixes.

    Fixes are counted for today and yesterday (UTC); who was heard last stands by the site's clock.
    """
    with database() as conn:
        wall_now = datetime.now(UTC)
        sources = stored.list_sources(conn)
        tokens = stored.list_tokens(conn, wall_now=wall_now)
        yesterday = (clock(get_settings().clock_file).now() - timedelta(days=1)).date()
        counts = stored.list_outcomes(conn, since=yesterday)
        heard = stored.list_heard(conn)
    if as_json:
        typer.echo(json.dumps(_listed(sources, tokens, counts, heard), ensure_ascii=False))
    else:
        show_table(_table(sources, tokens, counts, heard))


def _table(
    sources: list[Source],
    tokens: list[TokenRecord],
    counts: list[OutcomeCount],
    heard: dict[int, datetime],
) -> Table:
    table = Table("Source", "Last heard", "Terms", "Tokens", "Fixes today and yesterday")
    for source in sources:
        table.add_row(
            source.name,
            _utc(heard.get(source.id)),
            _terms(source),
            _tokens([token for token in tokens if token.source_id == source.id]),
            _counts([count for count in counts if count.source == source.name]),
        )
    unread = [count for count in counts if count.source is None]
    if unread:
        table.add_row("(unreadable)", "", "", "", _counts(unread))
    return table


def _listed(
    sources: list[Source],
    tokens: list[TokenRecord],
    counts: list[OutcomeCount],
    heard: dict[int, datetime],
) -> dict[str, Any]:
    return {
        "sources": [
            {
                "name": source.name,
                "heard_at": None if source.id not in heard else heard[source.id].isoformat(),
                "enrols": source.enrols,
                "may": sorted(source.scopes),
                "agency": source.agency,
                "rate_per_s": source.rate_per_s,
                "limits": source.screening.stated(),
                "tokens": [_token_json(one) for one in tokens if one.source_id == source.id],
                "fixes": {one.outcome: one.n for one in counts if one.source == source.name},
            }
            for source in sources
        ],
        "unreadable": {one.outcome: one.n for one in counts if one.source is None},
    }


def _token_json(one: TokenRecord) -> dict[str, str | list[str] | None]:
    ends = one.expires_wall_at
    return {
        "id": str(one.id),
        "may": one.scopes,
        "device": one.device_uid,
        "created_wall_at": one.created_wall_at.isoformat(),
        "expires_wall_at": None if ends is None else ends.isoformat(),
    }


@app.command("token")
def token(
    name: str,
    device: Device = None,
    lasts: Annotated[str | None, typer.Option(help="How long it is good, such as 90d.")] = None,
    may: May = None,
) -> None:
    """Print one more token of a source; with --device, one that speaks for this device alone.

    With --may it is good for part of what its source may do.
    """
    with database() as conn:
        span = None if lasts is None else duration(lasts)
        record(conn, "key.add", f"source:{name}", after={"device": device, "may": may})
        typer.echo(
            registry.add_token(
                conn,
                name,
                device=device,
                lasts=span,
                scopes=None if may is None else scopes(may),
                wall_now=datetime.now(UTC),
            )
        )


@app.command("rotate")
def rotate(
    name: str,
    grace: Annotated[str, typer.Option(help="How long the former tokens stay good.")] = "24h",
    device: Device = None,
) -> None:
    """Print a new token in place of the former ones, which end after the grace period."""
    with database() as conn:
        record(conn, "key.rotate", f"source:{name}", after={"device": device, "grace": grace})
        typer.echo(
            registry.rotate_token(
                conn, name, device=device, grace=duration(grace), wall_now=datetime.now(UTC)
            )
        )


@app.command("hook")
def hook(
    name: str,
    end: Annotated[bool, typer.Option("--end", help="Let none of its messages count.")] = False,
) -> None:
    """Print the secret that a source signs its messages with, which is shown only now.

    The former secret ends with that. Messages go to /v1/hooks/NAME/camera, payments and stages,
    signed as Standard Webhooks say; the source needs the right hooks, too.
    """
    with database() as conn:
        if end:
            source = hooks.close_hook(conn, name)
            record(conn, "source.hook", f"source:{source.name}", after={"ended": True})
            typer.echo(f"No signed message of {source.name} counts any more.")
            return
        secret = new_secret()
        source = hooks.open_hook(conn, derive_keys(get_settings().secret), name, secret)
        record(conn, "source.hook", f"source:{source.name}", after={"ended": False})
    typer.echo(f"{source.name} signs its messages with:", err=True)
    typer.echo(secret)


@app.command("withdraw")
def withdraw(name: str, device: Device = None) -> None:
    """End every token of a source at once, or those of one device of it."""
    with database() as conn:
        ended = registry.withdraw_tokens(conn, name, device=device, wall_now=datetime.now(UTC))
        after = {"device": device, "ended": ended}
        record(conn, "key.withdraw", f"source:{name}", after=after)
        typer.echo(f"{ended} tokens ended; running processes notice within a minute.")


def scopes(text: str) -> frozenset[Scope]:
    """Return the rights somebody named.

    Raises
    ------
    FlowctlError
        One of them is none.
    """
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(Scope))
    if unknown or not names:
        raise FlowctlError(
            f"There is no right {', '.join(unknown) or 'named'}; there are: {', '.join(Scope)}."
        )
    return frozenset(map(Scope, names))


def _desk(text: str | None) -> Desk | None:
    """Return the desk somebody named, None where nobody did, or where it is to be none.

    Raises
    ------
    FlowctlError
        There is none of that name.
    """
    if text is None or text == _NO_DESK:
        return None
    if text not in set(Desk):
        raise FlowctlError(f"There is no desk {text!r}; there are: {', '.join(Desk)}, {_NO_DESK}.")
    return Desk(text)


def duration(text: str) -> timedelta:
    """Return a span such as 90s, 30m, 24h or 7d.

    Raises
    ------
    FlowctlError
        It is none, or longer than 10,000 of its unit.
    """
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and int(number) <= _MOST_UNITS:
        return int(number) * _UNITS[unit]
    raise FlowctlError(f"{text!r} is no span of time; write it as 90s, 30m, 24h or 7d.")


def _rights(before: frozenset[Scope], may: str | None, *, witness: bool | None) -> frozenset[Scope]:
    """Return what a source may do: what ``may`` names, else as before; with witnessing or not."""
    named = before if may is None else scopes(may)
    if witness is None:
        return named
    return named | {Scope.WITNESS} if witness else named - {Scope.WITNESS}


def _screening(
    conn: psycopg.Connection[Any],
    named: ScreeningOverrides,
    before: ScreeningOverrides | None = None,
) -> ScreeningOverrides:
    """Return a source's limits, those not named as they were, checked where any is named."""
    before = before or ScreeningOverrides()
    stated: dict[str, Any] = named.stated()
    wish = replace(before, **stated)
    if wish == before:
        return before
    return registry.check_screening(get_site(conn, get_settings().site), wish)


def _terms(source: Source) -> str:
    parts = ["enrols its devices" if source.enrols else "registered devices only"]
    parts.append(f"may {' '.join(sorted(source.scopes))}")
    if source.agency is not None:
        parts.append(f"speaks for {source.agency}")
    if source.rate_per_s is not None:
        parts.append(f"{source.rate_per_s:g} fixes/s")
    parts += [f"{name} {value:g}" for name, value in source.screening.stated().items()]
    return ", ".join(parts)


def _tokens(tokens: list[TokenRecord]) -> str:
    of_devices = sum(token.device_uid is not None for token in tokens)
    lines = [
        f"{one.created_wall_at:%Y-%m-%d}, "
        + (f"ends {_utc(ends)}" if (ends := one.expires_wall_at) else "until withdrawn")
        for one in tokens
        if one.device_uid is None
    ]
    if of_devices:
        lines.append(f"{of_devices} of single devices")
    return "\n".join(lines) or "none: nobody can send"


def _utc(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _counts(counts: list[OutcomeCount]) -> str:
    return "\n".join(f"{count.outcome} {count.n:,}" for count in counts) or "none"
