"""Forms of declarations: drafts that save themselves, templates, and what is known before typing.

A form is a JSON object of what was typed so far, right or wrong; it is kept encrypted, for it may
name a driver, and bound to whose it is.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry import declarations
from flowctl.registry.keys import Keys, decrypt_own, encrypt_own
from flowctl.registry.plates import strip_mark
from flowctl.site import Site
from flowctl.storage import drafts as stored
from flowctl.storage.drafts import Connection, DraftRow, FormRow
from flowctl.storage.live import find_live

LAST = "last"
"""The origin of what the last trip of a truck declared."""
_MOST_DRAFTS = 200
_MOST_TEMPLATES = 500
_LARGEST_FORM = 32_768
_LONGEST_NAME = 80
_OF_TRUCK = (
    *("plate", "language", "direction", "cargo", "gates", "device", "haulier", "weight_t"),
    *("needs", "returns_within_h"),
)
_OF_PAPERS = (
    *("trailer", "goods", "goods_class", "goods_code", "value_vnd", "keeps_h"),
    *("temperature_c", "load", "nationality", "handover", "customer", "licence_until"),
)
_FOREKNOWN = frozenset({*_OF_TRUCK, *_OF_PAPERS, "weight_class", "pair_plate", "declaration"})
"""What partners may know of a journey: nothing of its driver."""

Form = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A declaration in the making; ``revision`` grows with each save."""

    id: UUID
    revision: int
    form: Form
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Template:
    """A form that an account fills in again and again, for a customer."""

    id: int
    name: str
    customer: str | None
    form: Form
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Prefill:
    """What is known before anybody types; ``origins`` by field: ``last``, or ``source:NAME``."""

    form: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    trip_id: int | None = None
    names_person: bool = False


def list_drafts(conn: Connection, site: Site, keys: Keys, account: str) -> list[Draft]:
    """Return an account's drafts, the one changed last first."""
    return [_opened(keys, row) for row in stored.list_drafts(conn, site.id, account)]


def get_draft(conn: Connection, site: Site, keys: Keys, draft: UUID, account: str) -> Draft:
    """Return an account's draft.

    Raises
    ------
    NotFoundError
        The account has none such.
    ConflictError
        It became a trip.
    """
    return _opened(keys, _get(conn, site, draft, account))


def save_draft(
    conn: Connection,
    site: Site,
    keys: Keys,
    draft: UUID,
    form: Form,
    *,
    revision: int,
    account: str,
    now: datetime,
) -> Draft:
    """Write a draft over the revision that its form was read from (0: it is new).

    Raises
    ------
    ConflictError
        Another window saved it since, or it became a trip; nothing is written.
    FlowctlError
        The form is too large, or the account has too many drafts.
    """
    cipher = _sealed(keys, form, f"draft {draft} of {account}")
    if revision == 0 and stored.count_drafts(conn, site.id, account) >= _MOST_DRAFTS:
        raise FlowctlError(
            f"There are {_MOST_DRAFTS} drafts already; declare or throw away some first.",
            kind="drafts_many",
            values={"most": _MOST_DRAFTS},
        )
    saved = stored.save_draft(
        conn, site.id, draft, account=account, cipher=cipher, revision=revision, now=now
    )
    if saved is not None:
        return Draft(draft, saved, form, now)
    found = _get(conn, site, draft, account)
    raise ConflictError(
        f"The draft was saved at {found.changed_at.isoformat(timespec='seconds')} from another"
        f" window (revision {found.revision}, not {revision}); look at that one first.",
        kind="draft_newer",
        values={"at": found.changed_at},
    )


def drop_draft(conn: Connection, site: Site, draft: UUID, account: str) -> None:
    """Throw a draft away, with its documents.

    Raises
    ------
    NotFoundError
        The account has none such, or it became a trip.
    """
    if not stored.delete_draft(conn, site.id, draft, account):
        raise _no_draft()


def list_templates(conn: Connection, site: Site, keys: Keys, account: str) -> list[Template]:
    """Return an account's templates by customer and name."""
    return [
        Template(
            row.id,
            row.name,
            row.customer,
            json.loads(decrypt_own(keys.form_ciphers, row.cipher, _template(row.name, account))),
            row.changed_at,
        )
        for row in stored.list_templates(conn, site.id, account)
    ]


def save_template(
    conn: Connection,
    site: Site,
    keys: Keys,
    name: str,
    form: Form,
    *,
    customer: str | None,
    account: str,
    now: datetime,
) -> Template:
    """Write a template; one of the same name gives way.

    Raises
    ------
    FlowctlError
        The name cannot be, the form is too large, or the account has too many templates.
    """
    named = " ".join(name.split())
    if not 0 < len(named) <= _LONGEST_NAME or not named.isprintable():
        raise FlowctlError(
            f"The template's name is empty or longer than {_LONGEST_NAME} characters.",
            kind="template_name",
            values={"most": _LONGEST_NAME},
        )
    others = {row.name for row in stored.list_templates(conn, site.id, account)} - {named}
    if len(others) >= _MOST_TEMPLATES:
        raise FlowctlError(
            f"There are {_MOST_TEMPLATES} templates already; throw away some first.",
            kind="templates_many",
            values={"most": _MOST_TEMPLATES},
        )
    row = stored.save_template(
        conn,
        site.id,
        named,
        account=account,
        customer=customer,
        cipher=_sealed(keys, form, _template(named, account)),
        now=now,
    )
    return Template(row.id, row.name, row.customer, form, row.changed_at)


def drop_template(conn: Connection, site: Site, name: str, account: str) -> None:
    """Throw a template away.

    Raises
    ------
    NotFoundError
        The account has none of this name.
    """
    if not stored.delete_template(conn, site.id, name, account):
        raise NotFoundError(f"There is no template {name[:80]!r} of yours.", kind="no_template")


def prefill_by_plate(
    conn: Connection, site: Site, keys: Keys, plate: str, *, registered_by: str | None
) -> Prefill:
    """Return what the truck's last trip declared, and what partners know of its next.

    ``registered_by`` sees its own trips alone, and what partners know of trucks it had before.
    """
    mark = strip_mark(plate)
    trips = stored.list_last_trips(conn, site.id, mark, registered_by=registered_by)
    last = prefill_by_trip(conn, site, keys, trips[0]) if trips else Prefill()
    if registered_by is not None and not trips:
        return last
    return _with_foreknown(conn, site, last, plate=mark, reference=None)


def prefill_by_reference(conn: Connection, site: Site, reference: str) -> Prefill:
    """Return what partners know under a number that names the journey in their systems."""
    return _with_foreknown(conn, site, Prefill(), plate=None, reference=reference.strip())


def prefill_by_trip(conn: Connection, site: Site, keys: Keys, trip_id: int) -> Prefill:
    """Return what a trip declared, without what is another one's each time: when, which papers."""
    trip = find_live(conn, trip_id, site=site.id)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    today = trip.ready_at.astimezone(site.timezone).date()
    papers = declarations.find_whole(conn, trip_id, trip.plate, today=today).papers
    person = declarations.open_person(conn, keys, trip_id, papers, phone=True)
    form = {name: getattr(trip, name) for name in _OF_TRUCK}
    form |= {name: getattr(papers, name) for name in _OF_PAPERS}
    form |= {"phone": person.phone, "driver_name": person.name, "licence": person.licence}
    # Without consent there is nothing of the driver to be copied, and with it that was for this.
    form["consent"] = papers.consent_at is not None or None
    known = {name: value for name, value in form.items() if value is not None}
    return Prefill(known, dict.fromkeys(known, LAST), trip_id, person.is_known)


def list_forms_that(
    conn: Connection, site: str, keys: Keys, fits: Callable[[Form], bool]
) -> list[tuple[FormRow, Form]]:
    """Return the drafts and templates of all accounts whose form fits, such as naming a driver."""
    opened = [(row, _open(keys, row)) for row in stored.list_forms(conn, site)]
    return [(row, form) for row, form in opened if fits(form)]


def take_out(
    conn: Connection, site: str, keys: Keys, row: FormRow, form: Form, names: Collection[str]
) -> None:
    """Write a draft or a template anew without some of its fields."""
    left = {name: value for name, value in form.items() if name not in names}
    stored.rewrite_form(conn, site, row, _sealed(keys, left, _place(row)))


def _open(keys: Keys, row: FormRow) -> Form:
    form: Form = json.loads(decrypt_own(keys.form_ciphers, row.cipher, _place(row)))
    return form


def _place(row: FormRow) -> str:
    if row.template is not None:
        return _template(row.template, row.account)
    return f"draft {row.draft} of {row.account}"


def _with_foreknown(
    conn: Connection, site: Site, last: Prefill, *, plate: str | None, reference: str | None
) -> Prefill:
    """Return a form with what partners know put over what the last trip said."""
    form, origins = dict(last.form), dict(last.origins)
    for source, facts in stored.list_foreknown(conn, site.id, plate=plate, reference=reference):
        for name, value in facts.items():
            if name in _FOREKNOWN and value is not None:
                form[name], origins[name] = value, f"source:{source}"
    return Prefill(form, origins, last.trip_id, last.names_person)


def _get(conn: Connection, site: Site, draft: UUID, account: str) -> DraftRow:
    found = stored.find_draft(conn, site.id, draft)
    if found is None or found.account != account:
        raise _no_draft()
    if not found.cipher:
        raise ConflictError(
            "The draft was declared already; its trip can be changed.",
            kind="draft_declared",
            values={"trip": found.trip_id},
        )
    return found


def _no_draft() -> NotFoundError:
    return NotFoundError(
        "There is no such draft of yours, or it was declared already.", kind="no_draft"
    )


def _opened(keys: Keys, row: DraftRow) -> Draft:
    place = f"draft {row.id} of {row.account}"
    form = json.loads(decrypt_own(keys.form_ciphers, row.cipher, place))
    return Draft(row.id, row.revision, form, row.changed_at)


def _template(name: str, account: str) -> str:
    return f"template {name} of {account}"


def _sealed(keys: Keys, form: Form, place: str) -> bytes:
    if any("\0" in one or _is_half(one) for one in _texts(form)):
        raise FlowctlError(
            "A text of the form has a NUL or half a character in it, which cannot be kept; type it"
            " anew.",
            kind="form_text",
        )
    text = json.dumps(form, ensure_ascii=False).encode()
    if len(text) > _LARGEST_FORM:
        raise FlowctlError(f"The form is larger than {_LARGEST_FORM} bytes.", kind="form_large")
    return encrypt_own(keys.form_cipher, text, place)


def _texts(value: object) -> Iterator[str]:
    """Yield every text of a piece of JSON, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, held in value.items():
            yield name
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)


def _is_half(text: str) -> bool:
    """Tell whether a text has a lone surrogate, which JSON can say and UTF-8 cannot."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)
