"""The board's forms: JSON and CSV for programs, GeoJSON for maps, a page, and a piece of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import shapely

from api.board import Board, BoardGate
from api.errors import Problem
from api.pages import built
from flowctl.csv_text import csv_text
from flowctl.notify.texts import catalogue
from flowctl.site import Site
from geo.zones import Role

LANGUAGES: Final = ("vi", "zh", "en")


class Form(NamedTuple):
    """What is asked for: which form, in which language, of which gate (embedded: one or all)."""

    kind: str
    language: str = "vi"
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A form of the board, before it is packed."""

    body: bytes
    content_type: str
    varies_by: str = "Accept-Encoding"
    headers: Mapping[str, str] = field(default_factory=dict)


def _json(board: Board, _site: Site, _form: Form) -> Written:
    return Written(msgspec.json.encode(board), "application/json")


_COLUMNS = (
    "computed_at", "gate", "name", "open", "next_change_at", "waiting_in_yards", "on_the_way",
    "queued", "wait_from_min", "wait_expected_min", "wait_to_min", "wait_held_share",
    "wait_held_n", "wait_held_days", "cleared_today_export", "cleared_today_import",
    "overtakes_today", "ledger_row", "ledger_code", "stale_s",
)  # fmt: skip


def _csv(board: Board, _site: Site, form: Form) -> Written:
    ledger = (None, None) if board.ledger is None else (board.ledger.seq, board.ledger.code)
    rows = [
        [
            *(board.at, gate.id, gate.name[form.language], gate.open, gate.next_change_at),
            *(gate.waiting, gate.on_the_way, gate.queued, *_wait_cells(gate)),
            *(gate.cleared_today["export"], gate.cleared_today["import"]),
            *(sum(gate.overtakes_today.values()), *ledger, board.stale_s),
        ]
        for gate in board.gates
    ]
    text = csv_text(_COLUMNS, rows, for_excel=True)
    named = {"content-disposition": 'inline; filename="board.csv"'}
    return Written(text.encode(), "text/csv; charset=utf-8", headers=named)


def _wait_cells(gate: BoardGate) -> tuple[float | int | None, ...]:
    wait = gate.wait
    if wait is None:
        return (None,) * 6
    minutes = (one // 60 for one in (wait.from_s, wait.expected_s, wait.to_s))
    return (*minutes, wait.held_share, wait.held_n, wait.held_days)


def _geojson(board: Board, site: Site, _form: Form) -> Written:
    """Return gates as points and yards as areas, with what the board says of each."""
    features = []
    for gate in board.gates:
        lane = next((z for z in site.zones if z.gate == gate.id and z.role is Role.LANE), None)
        shape = None if lane is None else shapely.geometry.mapping(lane.polygon.centroid)
        told = msgspec.to_builtins(gate)
        features.append(_feature(shape, {"kind": "gate", **told}))
    for yard in board.yards:
        shape = shapely.geometry.mapping(site.zone_by_id[yard.id].polygon)
        features.append(_feature(shape, {"kind": "yard", **msgspec.to_builtins(yard)}))
    document = {
        "type": "FeatureCollection",
        "features": features,
        "computed_at": board.at,
        "stale_s": board.stale_s,
    }
    return Written(msgspec.json.encode(document), "application/geo+json")


def _feature(shape: object, told: Mapping[str, object]) -> dict[str, object]:
    return {"type": "Feature", "geometry": shape, "properties": told}


def _page(board: Board, _site: Site, form: Form) -> Written:
    """Return the page with its first view inside, and the figures for who has no scripts."""
    html = built("board.html").read_bytes()
    # Within a script "<" may end it, whatever its type.
    shown = msgspec.json.encode(board).replace(b"<", b"\\u003c")
    said = b'<script type="application/json" id="view">' + shown + b"</script>"
    bare = f"<noscript>{_table(board, form.language)}</noscript>".encode()
    html = html.replace(b"</body>", bare + said + b"</body>")
    return Written(html, "text/html; charset=utf-8", "Accept-Encoding, Accept-Language")


def _table(board: Board, language: str) -> str:
    words = catalogue(language)["page"]["board"]
    zone = ZoneInfo(board.site.timezone)
    heads = (
        *("gate", "expected_wait", "waiting", "on_the_way", "queued"),
        *("cleared_export", "cleared_import"),
    )
    rows = [
        (
            gate.name[language],
            wait_text(gate, language),
            str(gate.waiting),
            str(gate.on_the_way),
            str(gate.queued),
            str(gate.cleared_today["export"]),
            str(gate.cleared_today["import"]),
        )
        for gate in board.gates
    ]
    head = "".join(f"<th>{escape(words[name])}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    title = f"{escape(words['title'])} · {escape(board.site.name[language])}"
    return (
        f"<main class='board'><h1>{title}</h1><table><tr>{head}</tr>{body}</table>"
        f"<p>{escape(_computed(board, words, zone))}</p>"
        f"<p>{escape(words['without_scripts'])} {_links(language)}</p></main>"
    )


def _links(language: str) -> str:
    """Return the ways to the board that need no script, and its other languages."""
    ways = (
        *((f"/board?lang={one}", name) for one, name in _NAMES.items() if one != language),
        (f"/board/embed?lang={language}", catalogue(language)["page"]["board"]["gates_alone"]),
        (f"/v1/board.csv?lang={language}", "CSV"),
        ("/v1/board", "JSON"),
    )
    return " · ".join(f'<a href="{escape(to)}">{escape(name)}</a>' for to, name in ways)


_NAMES: Final = {"vi": "Tiếng Việt", "zh": "中文", "en": "English"}


def _computed(board: Board, words: Mapping[str, str], zone: ZoneInfo) -> str:
    at = f"{board.at.astimezone(zone):%H:%M %d/%m/%Y}"
    return words["computed" if board.stale_s is None else "stale"].replace("{time}", at)


def wait_text(gate: BoardGate, language: str) -> str:
    """Return a gate's expected wait in words: "1 h 30 min - 2 h", broken at the dash only."""
    page = catalogue(language)["page"]
    if gate.wait is None:
        return str(page["board"]["wait_unknown"])
    low, high = (
        long_wait(one, page["common"]).replace(" ", "\N{NO-BREAK SPACE}")
        for one in (gate.wait.from_s, gate.wait.to_s)
    )
    return low if low == high else f"{low} – {high}"


_ROUGH_FROM_H = 10


def long_wait(seconds: float, common: Mapping[str, str]) -> str:
    """Return a wait as the page writes it: no minutes from 10 h on, days from 24 h on."""
    hours, minutes = divmod(round(seconds / 60), 60)
    if seconds >= _ROUGH_FROM_H * 3600:
        hours, minutes = round(seconds / 3600), 0
    days, rest = divmod(hours, 24)
    if days:
        return common["days_hours"].replace("{d}", str(days)).replace("{h}", str(rest))
    if not hours:
        key = "minutes" if minutes else "under_a_minute"
        return common[key].replace("{m}", str(minutes))
    key = "hours_minutes" if minutes else "hours"
    return common[key].replace("{h}", str(hours)).replace("{m}", str(minutes))


_EMBEDDED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"
_EMBEDDED_STYLE = """
:root{color-scheme:light dark;font:16px/1.4 system-ui,"Noto Sans","Noto Sans CJK SC",sans-serif}
body{margin:0;padding:.6rem .8rem;background:#fff;color:#15202b}
h2{margin:0;font-size:1.1rem}p{margin:.15rem 0}b{font-size:1.35rem}small{color:#4a5b69}
section+section{border-top:1px solid #c9d4dc;margin-top:.5rem;padding-top:.5rem}
.stale{color:#a8201a;font-weight:600}
@media(prefers-color-scheme:dark){body{background:#131b22;color:#e6edf2}small{color:#9db0bf}
section+section{border-color:#2a3742}.stale{color:#ff8a80}}
"""


def _embedded(board: Board, _site: Site, form: Form) -> Written:
    """Return a piece for other people's pages: no script, nothing of ours beside the figures."""
    words = catalogue(form.language)["page"]["board"]
    gates = [gate for gate in board.gates if form.gate in ("", gate.id)]
    if not gates:
        known = ", ".join(gate.id for gate in board.gates)
        raise Problem(404, "Not found", f"There is no gate {form.gate[:40]!r}; there are {known}.")
    zone = ZoneInfo(board.site.timezone)
    pieces = "".join(_piece(gate, form.language, words, zone, board.at) for gate in gates)
    computed = escape(_computed(board, words, zone))
    stale = ' class="stale"' if board.stale_s is not None else ""
    html = (
        f'<!doctype html><html lang="{form.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="60">'
        f"<title>{escape(words['title'])}</title><style>{_EMBEDDED_STYLE}</style></head>"
        f"<body>{pieces}<p{stale}><small>{computed}</small></p></body></html>"
    )
    policy = {"content-security-policy": _EMBEDDED_POLICY}
    return Written(html.encode(), "text/html; charset=utf-8", headers=policy)


def _piece(
    gate: BoardGate, language: str, words: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> str:
    state = escape(words["open" if gate.open else "closed"])
    if gate.reopening_unknown(now):
        state += f" · {escape(words['end_unknown'])}"
    if gate.next_change_at is not None:
        at = gate.next_change_at.astimezone(zone)
        same_day = at.date() == now.astimezone(zone).date()
        key = "closes_at" if gate.open else "opens_at" if same_day else "opens_on"
        text = words[key].replace("{time}", f"{at:%H:%M}").replace("{date}", f"{at:%d/%m}")
        state += f" · {escape(text)}"
    waiting = escape(f"{words['waiting']}: {gate.waiting}")
    return (
        f"<section><h2>{escape(gate.name[language])}</h2><p>{state}</p>"
        f"<p>{escape(words['expected_wait'])}: <b>{escape(wait_text(gate, language))}</b></p>"
        f"<p>{waiting}</p></section>"
    )


WRITERS: Mapping[str, Callable[[Board, Site, Form], Written]] = {
    "json": _json,
    "csv": _csv,
    "geojson": _geojson,
    "page": _page,
    "embed": _embedded,
}
