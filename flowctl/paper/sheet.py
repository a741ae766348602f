"""The sheet: one HTML file that prints on A4 and needs nothing from anywhere; and its check.

The sheet of a gate holds all its trucks, the sheet of a yard those that stand there or are still to
come. Both carry the whole signed order as text, and are checked by being made anew from it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import msgspec
import segno

from flowctl.ledger.codes import code_of
from flowctl.paper import words
from flowctl.paper.order import FORM, Line, Order, Place, SignedOrder
from flowctl.paper.words import Words

_STYLE = """
@page { size: A4 landscape; margin: 9mm 9mm 13mm;
  @bottom-left { content: "CODE"; font: bold 13pt monospace; }
  @bottom-right { content: counter(page) " / " counter(pages); font: bold 13pt sans-serif; } }
body { color: #000; background: #fff; font: 11pt/1.25 sans-serif; margin: 0 auto; max-width: 279mm;}
h1 { font-size: 19pt; margin: 0; } small { font-weight: normal; font-size: 9pt; display: block; }
dl { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1mm 4mm; margin: 2mm 0; }
dt { font-size: 8pt; white-space: nowrap; } dd { margin: 0; font-weight: bold; font-size: 13pt; }
.rules { border: 1.5pt solid #000; padding: 1mm 3mm; margin: 2mm 0; }
.rules p { margin: 1mm 0; } .rules p:first-child { font-weight: bold; font-size: 12pt; }
table { border-collapse: collapse; width: 100%; } thead { display: table-header-group; }
tr { break-inside: avoid; height: 8mm; }
th, td { border: 1pt solid #000; padding: 0 1.5mm; text-align: left; white-space: nowrap; }
th { font-size: 10pt; line-height: 1.1; } th small { font-size: 7.5pt; }
td { font-size: 13pt; line-height: 1; }
.number, .plate, .slot { font-weight: bold; font-size: 15pt; } .number { text-align: right; }
.yard, .convoy { font-size: 10pt; white-space: normal; overflow-wrap: anywhere; }
.yard { min-width: 24mm; max-width: 36mm; } .convoy { max-width: 22mm; }
.out, .at_gate, .through { width: 18mm; } .who { width: 24mm; }
footer { margin-top: 3mm; font-size: 9pt; overflow-wrap: anywhere; break-inside: avoid; }
footer { display: flow-root; }
footer svg { width: 38mm; height: 38mm; float: right; margin-left: 4mm; }
"""
_DATA = re.compile(
    r'<script type="application/json" id="flowctl-order">\n(.*?)\n</script>', re.DOTALL
)
_QUOTED = 70


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet carries as text: order, key and signature (hexadecimal), whose sheet it is."""

    order: Order
    key: str | None
    signature: str | None
    yard: str | None


def sheet(signed: SignedOrder, yard: str | None = None) -> str:
    """Return the sheet of a gate, or of one yard that feeds it, as an HTML document.

    Raises
    ------
    KeyError
        The yard does not feed the gate.
    """
    order = signed.order
    columns = [name for name in words.HEADS if name != "yard" or yard is None]
    lines = [line for line in order.lines if _is_shown(line, yard)]
    title = f"{order.gate_name['vi']} {_local(order, order.made_at):%d/%m/%Y %H:%M} {signed.code}"
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE.replace('CODE', signed.code)}</style>\n</head>\n<body>",
            f"<h1>{words.TITLE[0]}<small>{_beside(words.TITLE)}</small></h1>",
            *_facts(signed, yard),
            *_rules(order),
            *_table(order, lines, columns),
            *_proof(signed),
            '<script type="application/json" id="flowctl-order">',
            _carried(signed, yard),
            "</script>\n</body>\n</html>\n",
        ]
    )


def _is_shown(line: Line, yard: str | None) -> bool:
    return yard is None or line.yard == yard or line.place is Place.ROAD


def _local(order: Order, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(order.timezone))


def _beside(said: Words) -> str:
    return f"{said[1]} · {said[2]}"


def _named(names: Mapping[str, str], fallback: str) -> str:
    """Return a name in Vietnamese, and in Chinese where that is another."""
    said = dict.fromkeys(names[language] for language in ("vi", "zh") if language in names)
    return " · ".join(said) or fallback


def _facts(signed: SignedOrder, yard: str | None) -> Iterator[str]:
    order = signed.order
    where = words.ALL_YARDS[0] if yard is None else _named(order.yards[yard], yard)
    target = "?" if order.n_target is None else str(order.n_target)
    code = "—" if order.head_seq == 0 else code_of(bytes.fromhex(order.head_hash))
    facts: Sequence[tuple[Words, str]] = (
        (words.GATE, _named(order.gate_name, order.gate)),
        (words.YARD, where),
        (words.MADE, f"{_local(order, order.made_at):%H:%M %d/%m/%Y}"),
        (words.VALID, f"{_local(order, order.valid_until):%H:%M %d/%m/%Y}"),
        (words.ON_THE_WAY, f"N* = {target}"),
        (words.CODE, signed.code),
        (words.LEDGER, f"{order.head_seq} · {code}"),
        (words.POLICY, order.policy),
    )
    yield "<dl>"
    for name, value in facts:
        yield f"<div><dt>{name[0]} · {_beside(name)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"


def _rules(order: Order) -> Iterator[str]:
    yield '<div class="rules">'
    for language in words.LANGUAGES:
        known = None if order.n_target is None else str(order.n_target)
        said = words.RULES[language].format(n=known or words.UNKNOWN_N[language])
        yield f'<p lang="{language}">{said}</p>'
    yield "</div>"


def _table(order: Order, lines: Sequence[Line], columns: Sequence[str]) -> Iterator[str]:
    if not lines:
        yield f"<p>{words.NOBODY[0]} {_beside(words.NOBODY)}</p>"
        return
    heads = (_head(words.HEADS[name]) for name in columns)
    yield f"<table>\n<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>"
    for line in lines:
        cells = _cells(order, line, with_yards="yard" in columns)
        row = (f'<td class="{name}">{cells.get(name, "")}</td>' for name in columns)
        yield f"<tr>{''.join(row)}</tr>"
    yield "</tbody>\n</table>"


def _head(said: Words) -> str:
    return f"<th>{said[0]}<small>{said[1]}</small><small>{said[2]}</small></th>"


def _cells(order: Order, line: Line, *, with_yards: bool) -> Mapping[str, str]:
    """Return what is printed of a truck, by column; those written by hand are not there."""
    place = words.PLACES[line.place]
    yard = None if line.yard is None else _named({"vi": order.yards[line.yard]["vi"]}, line.yard)
    # Who neither stands in a yard of this gate nor was called is somewhere else: that is said.
    where = yard or f"{place[0]}<small>{_beside(place)}</small>"
    said = "" if line.called_at is None else _short(order, line.called_at)
    if not with_yards and line.place is Place.ROAD:
        said = f"<small>{place[0]} {place[1]}</small>"
    if line.unconfirmed:
        said = f"<small>{words.UNCONFIRMED[0]}</small><small>{words.UNCONFIRMED[1]}</small>"
    return {
        "number": "–" if line.number is None else str(line.number),
        "plate": escape(line.plate),
        "yard": where,
        "slot": "" if line.slot is None else _short(order, line.slot),
        "seniority": _short(order, line.seniority),
        "priority": str(line.priority) if line.priority else "",
        "standby": "X" if line.standby else "",
        "convoy": escape(line.convoy or ""),
        "called": said,
    }


def _short(order: Order, moment: datetime) -> str:
    """Return a local time, with its day where that is not the order's."""
    local = _local(order, moment)
    same = local.date() == _local(order, order.made_at).date()
    return f"{local:%H:%M}" if same else f"{local:%H:%M}<small>{local:%d/%m}</small>"


def _proof(signed: SignedOrder) -> Iterator[str]:
    yield "<footer>"
    yield _qr(signed)
    if signed.signature is None or signed.key is None:
        yield f"<p><b>{words.NOT_SIGNED[0]}</b> · {_beside(words.NOT_SIGNED)}</p>"
    else:
        yield f"<p>{words.KEY[0]} · {_beside(words.KEY)}: {signed.key.hex()}<br>"
        said = f"{words.SIGNATURE[0]} · {words.SIGNATURE[1]}"
        yield f"{said}: {signed.signature.hex()}</p>"
    check = f"{words.CHECK[0]} · {_beside(words.CHECK)}"
    yield f"<p>{check}: <code>flowctl paper verify FILE</code></p>"
    if signed.order.head_seq:
        head = code_of(bytes.fromhex(signed.order.head_hash))
        against = f"{words.CHECK_QR[0]} · {_beside(words.CHECK_QR)}"
        yield f"<p>{against}: <code>flowctl ledger verify --against {head}</code></p>"
    yield "</footer>"


def qr_text(signed: SignedOrder) -> str:
    """Return what the sheet's QR code says: the order's code, the ledger's head, the signature."""
    order = signed.order
    lines = [
        f"flowctl {order.site} {order.gate} {order.made_at.isoformat()}",
        f"order {signed.code}",
        f"ledger {order.head_seq} {order.head_hash}",
    ]
    if signed.signature is not None and signed.key is not None:
        lines += [f"signature {signed.signature.hex()}", f"key {signed.key.hex()}"]
    return "\n".join(lines)


def _qr(signed: SignedOrder) -> str:
    # A quarter of a code may be soiled; the mask is fixed, for a sheet is checked byte by byte.
    code = segno.make_qr(qr_text(signed), error="m", boost_error=False, mask=0)
    drawn: str = code.svg_inline(omitsize=True, border=4)
    return drawn


def _carried(signed: SignedOrder, yard: str | None) -> str:
    carried = Carried(
        order=signed.order,
        key=None if signed.key is None else signed.key.hex(),
        signature=None if signed.signature is None else signed.signature.hex(),
        yard=yard,
    )
    text = msgspec.json.encode(carried, order="sorted").decode()
    # Nothing in a JSON text may end the element it stands in; "<" occurs in its strings alone.
    return text.replace("<", "\\u003c").replace('"lines":[', '"lines":[\n').replace("},{", "},\n{")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sheet's check came to: the order it carries, and what is wrong with it, if anything.

    ``fault`` is a sentence.
    """

    signed: SignedOrder | None
    fault: str | None


def check_sheet(text: str, *, public: bytes | None = None) -> Checked:
    """Tell whether a sheet is as it was signed and printed.

    Parameters
    ----------
    text
        The file's text.
    public
        The key that must have signed it (32 bytes); any where it is None.
    """
    text = text.replace("\r\n", "\n")  # as some ways of sending a file turn it
    found = _DATA.search(text)
    if found is None or "</html>" not in text:
        torn = "its order" if "</html>" in text else "its end"
        return Checked(None, f"This is no whole sheet of an order: {torn} is missing.")
    try:
        form = json.loads(found[1])["order"]["form"]
        if form != FORM:
            return Checked(
                None,
                f"The sheet has form {form}, this flowctl reads form {FORM}; check it with the"
                " version that made it.",
            )
        carried = msgspec.json.decode(found[1], type=Carried)
        signed = SignedOrder(carried.order, _bytes(carried.key), _bytes(carried.signature))
        anew = sheet(signed, carried.yard)
    except (ValueError, KeyError, TypeError) as error:
        return Checked(None, f"What the sheet carries as signed cannot be read: {error}.")
    return Checked(signed, _fault(signed, public) or _difference(text, anew))


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _fault(signed: SignedOrder, public: bytes | None) -> str | None:
    if signed.signature is None or signed.key is None:
        return "The order bears no signature: nobody answers for it."
    if not signed.is_genuine():
        return "The order does not bear its key's signature: it was changed after it was signed."
    if public is not None and signed.key != public:
        return (
            f"The order is signed by the key {signed.key.hex()}, which is not the site's"
            f" {public.hex()}: somebody else made it."
        )
    return None


def _difference(text: str, anew: str) -> str | None:
    """Return where a sheet says something else than the order that it carries."""
    read, due = text.splitlines(), anew.splitlines()
    if read == due:
        return None
    pairs = zip(read, due, strict=False)
    number = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(read), len(due)))
    there = _plain(read[number]) if number < len(read) else "nothing"
    signed = _plain(due[number]) if number < len(due) else "nothing"
    return f"Line {number + 1} was changed: it says “{there}”, and “{signed}” was signed."


def _plain(line: str) -> str:
    """Return a line without its marks, cut to what a sentence can hold."""
    plain = " ".join(re.sub(r"<[^>]*>", " ", line).split())
    return plain if len(plain) <= _QUOTED else f"{plain[:_QUOTED]}…"
