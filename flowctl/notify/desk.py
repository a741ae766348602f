"""Words of operators to drivers: to one, or to all of a class, through the outbox and its rules.

The text is kept once, in a table of its own; the outbox names it by its number, and the log of acts
says how long it was and to how many it went, never what it said or to whom.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError, Refusal
from flowctl.notify.segments import Alphabet, alphabet_of, split
from flowctl.site import Site
from flowctl.storage import desk_texts as stored
from flowctl.storage.audit import By, add_record
from flowctl.storage.desk_texts import Addressee, Connection, Whom
from flowctl.storage.outbox import Outgoing, queue_messages

KIND = "desk"
MOST_PARTS = 2
_OF_USE = timedelta(hours=4)
_HOUR = timedelta(hours=1)
# Anything a phone would make a link of: a scheme, www, or a name with a known ending.
_LINK = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S*"
    r"|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:vn|cn|com|net|org|info|io|me|ly|app|top|xyz)\b\S*"
)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a text would be: ``refused`` says why it cannot be sent, None where it can.

    ``to`` counts those it goes to, ``unheard`` those without a number or who asked for silence;
    ``languages`` is what its readers read, ``left`` how many messages this hour still takes.
    """

    alphabet: Alphabet
    letters: int
    parts: int
    to: int
    unheard: int
    languages: Mapping[str, int]
    left: int
    refused: Refusal | None


def weigh(
    conn: Connection, site: Site, text: str, whom: Whom, *, public_url: str, now: datetime
) -> Weighed:
    """Return what a text would be and whom it would reach; nothing is written."""
    plain = _plain(text)
    found = stored.list_addressees(conn, site.id, whom, now)
    hearing = [one for one in found if one.hears]
    left = site.policy.hand.texts_per_h - stored.count_written(conn, site.id, since=now - _HOUR)
    parts = len(split(plain)) if plain else 0
    return Weighed(
        alphabet=alphabet_of(plain),
        letters=len(plain),
        parts=parts,
        to=len(hearing),
        unheard=len(found) - len(hearing),
        languages=Counter(one.language for one in hearing),
        left=max(0, left),
        refused=_refusal(plain, parts, hearing, left, public_url),
    )


def write(
    conn: Connection,
    site: Site,
    text: str,
    whom: Whom,
    *,
    public_url: str,
    by: By,
    now: datetime,
) -> int:
    """Queue a text for all it is for; returns its number.

    Raises
    ------
    FlowctlError
        The text cannot be sent.
    ConflictError
        Nobody would read it, or the hour's messages are used up.
    """
    stored.lock_site(conn, site.id)
    plain = _plain(text)
    weighed = weigh(conn, site, plain, whom, public_url=public_url, now=now)
    if weighed.refused is not None:
        nobody = weighed.to == 0 or weighed.left < weighed.to
        raise (ConflictError if nobody else FlowctlError).of(weighed.refused)
    hearing = [one for one in stored.list_addressees(conn, site.id, whom, now) if one.hears]
    number = stored.insert_text(
        conn,
        site=site.id,
        text=plain,
        parts=weighed.parts,
        messages=len(hearing),
        by=by.name,
        now=now,
    )
    params = {"text": str(number)}
    messages = [Outgoing(one.trip_id, KIND, params, now + _OF_USE) for one in hearing]
    queue_messages(conn, messages, site=site.id, now=now)
    add_record(
        conn,
        site.id,
        by,
        act="text.write",
        subject=f"text:{number}" if whom.trip_id is None else f"trip:{whom.trip_id}",
        before=None,
        after={
            "to": whom.kind,
            "place": whom.place,
            "messages": len(hearing),
            "parts": weighed.parts,
            "letters": weighed.letters,
        },
        at=now,
    )
    return number


def _plain(text: str) -> str:
    """Return a text in one line: an SMS needs no others, and a phone shows a break as it likes."""
    return " ".join(text.split())


def _refusal(
    text: str, parts: int, hearing: Sequence[Addressee], left: int, public_url: str
) -> Refusal | None:
    link = next(
        (one for one in _LINK.findall(text) if not one.startswith(public_url.rstrip("/") + "/")),
        None,
    )
    found = (
        (
            not text,
            Refusal("The text is empty; write what the driver should know.", kind="text_empty"),
        ),
        (
            not text.isprintable(),
            Refusal(
                "The text holds a letter that cannot be shown; write it anew.",
                kind="text_unprintable",
            ),
        ),
        (
            link is not None,
            Refusal(
                f"The text holds the link {(link or '')[:50]!r}; only this site's own may be sent.",
                kind="text_link",
                values={"link": (link or "")[:50]},
            ),
        ),
        (
            parts > MOST_PARTS,
            Refusal(
                f"The text takes {parts} SMS; shorten it to {MOST_PARTS} at most.",
                kind="text_long",
                values={"parts": parts, "most": MOST_PARTS},
            ),
        ),
        (
            not hearing,
            Refusal(
                "Nobody would read it: no such truck has a number that may be written to.",
                kind="text_nobody",
            ),
        ),
        (
            len(hearing) > left,
            Refusal(
                f"It would be {len(hearing)} messages; this hour takes {max(0, left)} more. Wait.",
                kind="text_hour",
                values={"n": len(hearing), "left": max(0, left)},
            ),
        ),
    )
    return next((refusal for holds, refusal in found if holds), None)
