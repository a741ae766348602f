"""A bulletin as a page that stands by itself: for a browser, a mail, a printer."""

from html import escape

from flowctl.bulletin.document import Cell, Document, Table, cell_text

_STYLE = """
:root{color-scheme:light;--ground:#fff;--text:#14202a;--quiet:#48596a;--line:#b8c4ce;
--head:#eef2f5}
body{font:15px/1.45 system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC",sans-serif;
margin:1.5rem auto;max-width:72rem;padding:0 1rem;color:var(--text);background:var(--ground)}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:1.4rem 0 .4rem}p{margin:.2rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{border:1px solid var(--line);padding:.3rem .55rem;text-align:left;vertical-align:bottom}
th{background:var(--head);font-weight:600}td.n{text-align:right}
.picture svg{width:100%;height:auto;max-width:60rem}
.notes{color:var(--quiet);margin-top:1.2rem}
@media screen{:root[data-theme="dark"]{color-scheme:dark;--ground:#131b22;--text:#e6edf2;
--quiet:#9db0bf;--line:#2a3742;--head:#1a242d}}
@media print{body{margin:0;max-width:none;font-size:11px}@page{size:A4 landscape;margin:12mm}}
"""


def write_html(document: Document, picture: str = "") -> str:
    """Return the page. Whatever people entered stands in it as text.

    It is as light as paper but in a page that says ``data-theme="dark"`` of it.

    Parameters
    ----------
    picture
        An ``svg`` element of our own drawing, to stand above the tables.
    """
    said = "".join(f"<p>{escape(line)}</p>" for line in document.lines)
    tables = "".join(
        f"<h2>{escape(table.title)}</h2>{_table(table, document.language)}"
        for table in document.tables
        if table.rows or table.key == "incidents"
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in document.notes)
    summary = _turned(document.summary, document.language)
    drawn = f'<div class="picture">{picture}</div>' if picture else ""
    return (
        f'<!doctype html><html lang="{document.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(document.title)}</h1>{said}{summary}{drawn}{tables}"
        f'<div class="notes">{notes}</div></body></html>'
    )


def _turned(table: Table, language: str) -> str:
    """Return the summary with a gate a column: there are few gates and many figures."""
    if not table.rows:
        return ""
    head = "".join(f"<th>{_text(row[0], language)}</th>" for row in table.rows)
    lines = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_cell(one, language) for one in figures)}</tr>"
        for name, *figures in list(zip(table.head, *table.rows, strict=True))[1:]
    )
    return f'<div class="wide"><table><tr><th></th>{head}</tr>{lines}</table></div>'


def _table(table: Table, language: str) -> str:
    if not table.rows:
        return "<p>–</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    rows = "".join(f"<tr>{''.join(_cell(one, language) for one in row)}</tr>" for row in table.rows)
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _cell(value: Cell, language: str) -> str:
    kind = "" if isinstance(value, str) else ' class="n"'
    return f"<td{kind}>{_text(value, language)}</td>"


def _text(value: Cell, language: str) -> str:
    return escape(cell_text(value, language))
