"""Drafts that save themselves, templates, and forms filled in with what is known already."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from api.record import record
from api.transaction import transaction
from api.trips import Who, get_visible
from flowctl.errors import FlowctlError
from flowctl.registry import drafts as registry
from flowctl.registry.accounts import Role
from flowctl.registry.drafts import Draft, Prefill, Template

router = APIRouter(tags=["drafts"])

Form = dict[str, Any]
Revision = Annotated[StrictInt, Field(ge=0, lt=2**31)]
Name = Annotated[str, Field(max_length=80)]


class DraftBody(BaseModel):
    """A form as typed so far, and the revision it was read from; 0 where it is new."""

    model_config = ConfigDict(extra="forbid")

    revision: Revision
    form: Form


class TemplateBody(BaseModel):
    """A form for a customer; its name stands in the address."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    customer: Name | None = None
    form: Form


class Filled(BaseModel):
    """A form with what is known; ``origins`` by field: ``last``, or ``source:NAME``."""

    form: Form
    origins: dict[str, str]


@router.get("/v1/drafts")
def list_drafts(request: Request, who: Who) -> list[Draft]:
    """List one's own drafts, the one changed last first."""
    state = request.app.state
    with transaction(request) as conn:
        return registry.list_drafts(conn, state.site, state.keys, who.signature)


@router.get("/v1/drafts/{draft}")
def get_draft(request: Request, draft: UUID, who: Who) -> Draft:
    """Return one's own draft."""
    state = request.app.state
    with transaction(request) as conn:
        return registry.get_draft(conn, state.site, state.keys, draft, who.signature)


@router.put("/v1/drafts/{draft}")
def save_draft(request: Request, draft: UUID, body: DraftBody, who: Who) -> Draft:
    """Save a draft over the revision it was read from; 409 where another window saved it since.

    Not written into the log of acts: it is a note of one's own, saved at every pause in typing.
    """
    state = request.app.state
    with transaction(request) as conn:
        return registry.save_draft(
            conn,
            state.site,
            state.keys,
            draft,
            body.form,
            revision=body.revision,
            account=who.signature,
            now=state.clock.now(),
        )


@router.delete("/v1/drafts/{draft}", status_code=204)
def drop_draft(request: Request, draft: UUID, who: Who) -> None:
    """Throw a draft away, with its documents."""
    with transaction(request) as conn:
        registry.drop_draft(conn, request.app.state.site, draft, who.signature)
        record(request, conn, "draft.delete", f"draft:{draft}")


@router.get("/v1/templates")
def list_templates(request: Request, who: Who) -> list[Template]:
    """List one's own templates, by customer and name."""
    state = request.app.state
    with transaction(request) as conn:
        return registry.list_templates(conn, state.site, state.keys, who.signature)


@router.put("/v1/templates/{name}")
def save_template(request: Request, name: str, body: TemplateBody, who: Who) -> Template:
    """Save a template; one of the same name gives way."""
    state = request.app.state
    with transaction(request) as conn:
        made = registry.save_template(
            conn,
            state.site,
            state.keys,
            name,
            body.form,
            customer=body.customer,
            account=who.signature,
            now=state.clock.now(),
        )
        record(request, conn, "template.save", f"template:{made.id}")
        return made


@router.delete("/v1/templates/{name}", status_code=204)
def drop_template(request: Request, name: str, who: Who) -> None:
    """Throw a template away."""
    with transaction(request) as conn:
        registry.drop_template(conn, request.app.state.site, name, who.signature)
        record(request, conn, "template.delete", "templates")


@router.get("/v1/prefill")
def prefill(
    request: Request,
    who: Who,
    plate: Annotated[str | None, Query(max_length=20)] = None,
    trip: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    reference: Annotated[str | None, Query(max_length=80)] = None,
) -> Filled:
    """Fill a form in: as a trip, as the plate's last one, or as partners know the journey.

    Hauliers are told of their own trips alone. That a driver was shown is written down.
    """
    state = request.app.state
    if sum(one is not None for one in (plate, trip, reference)) != 1:
        raise FlowctlError("Give one of plate, trip and reference.")
    own = who.signature if who.role is Role.HAULIER else None
    with transaction(request) as conn:
        if trip is not None:
            get_visible(conn, state.site, trip, who)
            found = registry.prefill_by_trip(conn, state.site, state.keys, trip)
        elif plate is not None:
            found = registry.prefill_by_plate(
                conn, state.site, state.keys, plate, registered_by=own
            )
        else:
            found = registry.prefill_by_reference(conn, state.site, reference or "")
        if found.names_person:
            record(request, conn, "person.seen", f"trip:{found.trip_id}", after={"what": "prefill"})
        return _filled(found, by_desk=own is None)


def _filled(found: Prefill, *, by_desk: bool) -> Filled:
    """Return a form as answered: a haulier's own name is not asked for, a desk's is."""
    gone = set() if by_desk else {"haulier"}
    form = {name: value for name, value in found.form.items() if name not in gone}
    return Filled(form=form, origins={name: found.origins[name] for name in form})
