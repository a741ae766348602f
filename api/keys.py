"""Machines and their keys, for administrators: what each may do, until when."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from api.once import MaybeKey, refuse_repeated
from api.record import record
from api.transaction import transaction
from flowctl.registry import sources as registry
from flowctl.storage import sources as stored
from flowctl.storage.sources import Scope, Source, TokenRecord
from flowctl.workflow.stages import Desk

router = APIRouter(prefix="/v1", tags=["keys"])

Name = Annotated[str, Path(max_length=40)]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
_LONGEST_DAYS = 3650


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSource(_Body):
    """A machine to let in; ``enrols``: devices it names are registered as its own.

    ``agency`` is the desk whose stages it decides, where its scopes hold ``stages:write``.
    """

    name: Annotated[str, Field(max_length=80)]
    scopes: Scopes
    enrols: bool = False
    agency: Desk | None = None


class SourcePatch(_Body):
    """What a machine may do from now on; ``agency`` null: it speaks for no desk."""

    scopes: Scopes
    agency: Desk | None = None


class NewKey(_Body):
    """One more key of a machine, for all it may do or for some of that."""

    scopes: Scopes | None = None
    lasts_days: Annotated[int | None, Field(ge=1, le=_LONGEST_DAYS)] = None


class KeyPatch(_Body):
    """What a key is good for from now on; it can only be less than before."""

    scopes: Scopes


class MadeKey(BaseModel):
    """A key, shown only now."""

    source: str
    key: str


class ShownKey(BaseModel):
    """A key as it is kept: never itself. ``narrowed``: to less than its source may."""

    id: UUID
    scopes: list[str]
    narrowed: bool
    made_at: datetime
    ends_at: datetime | None


class ShownSource(BaseModel):
    """A machine with its keys; those of single devices are only counted.

    ``heard_at`` is when its newest fix came in, whatever became of it; null: none since this is
    written down.
    """

    name: str
    scopes: list[str]
    enrols: bool
    agency: str | None
    keys: list[ShownKey]
    device_keys: int
    heard_at: datetime | None


@router.get("/sources")
def get_sources(request: Request) -> list[ShownSource]:
    """List the machines that may come in, by name."""
    with transaction(request) as conn:
        sources = stored.list_sources(conn)
        tokens = stored.list_tokens(conn, wall_now=datetime.now(UTC))
        heard = stored.list_heard(conn)
    return [_shown(one, tokens, heard) for one in sources]


@router.post("/sources", status_code=201)
def make_source(request: Request, body: NewSource, once: MaybeKey = None) -> MadeKey:
    """Let a machine in, and return its first key."""
    with transaction(request) as conn:
        refuse_repeated(request, conn, once, body)
        key = registry.add_source(
            conn, name=body.name, enrols=body.enrols, scopes=body.scopes, agency=body.agency
        )
        after = {"may": sorted(body.scopes), "enrols": body.enrols, "agency": body.agency}
        record(request, conn, "source.add", f"source:{body.name.strip()}", after=after)
    return MadeKey(source=body.name.strip(), key=key)


@router.patch("/sources/{name}")
def change_source(request: Request, name: Name, body: SourcePatch) -> ShownSource:
    """Say anew what a machine may do; none of its keys can do more."""
    with transaction(request) as conn:
        before = registry.get_source(conn, name)
        said = "agency" in body.model_fields_set
        after = registry.set_terms(
            conn,
            name,
            scopes=body.scopes,
            agency=body.agency,
            drop_agency=said and body.agency is None,
        )
        record(
            request,
            conn,
            "source.set",
            f"source:{after.name}",
            before={"may": sorted(before.scopes), "agency": before.agency},
            after={"may": sorted(after.scopes), "agency": after.agency},
        )
        tokens = stored.list_tokens(conn, wall_now=datetime.now(UTC))
        heard = stored.list_heard(conn)
    return _shown(after, tokens, heard)


@router.post("/sources/{name}/keys", status_code=201)
def make_key(request: Request, name: Name, body: NewKey, once: MaybeKey = None) -> MadeKey:
    """Return one more key of a machine."""
    with transaction(request) as conn:
        refuse_repeated(request, conn, once, body)
        key = registry.add_token(
            conn,
            name,
            wall_now=datetime.now(UTC),
            lasts=None if body.lasts_days is None else timedelta(days=body.lasts_days),
            scopes=body.scopes,
        )
        after = {
            "may": None if body.scopes is None else sorted(body.scopes),
            "lasts_days": body.lasts_days,
        }
        record(request, conn, "key.add", f"source:{name}", after=after)
    return MadeKey(source=name, key=key)


@router.patch("/keys/{key_id}", status_code=204)
def narrow_key(request: Request, key_id: UUID, body: KeyPatch) -> None:
    """Let a key do less than before."""
    now = datetime.now(UTC)
    with transaction(request) as conn:
        before = registry.get_token(conn, key_id, wall_now=now)
        registry.narrow_token(conn, key_id, body.scopes, wall_now=now)
        record(
            request,
            conn,
            "key.narrow",
            f"key:{key_id}",
            before={"may": before.scopes},
            after={"may": sorted(body.scopes)},
        )


@router.delete("/keys/{key_id}", status_code=204)
def end_key(request: Request, key_id: UUID) -> None:
    """End a key; who sends positions by it is refused within half a minute."""
    with transaction(request) as conn:
        registry.end_token(conn, key_id, wall_now=datetime.now(UTC))
        record(request, conn, "key.end", f"key:{key_id}")


def _shown(
    source: Source, tokens: Sequence[TokenRecord], heard: Mapping[int, datetime]
) -> ShownSource:
    mine = [one for one in tokens if one.source_id == source.id]
    return ShownSource(
        name=source.name,
        scopes=sorted(source.scopes),
        enrols=source.enrols,
        agency=source.agency,
        keys=[
            ShownKey(
                id=one.id,
                scopes=sorted(
                    source.scopes if one.scopes is None else source.scopes & set(one.scopes)
                ),
                narrowed=one.scopes is not None,
                made_at=one.created_wall_at,
                ends_at=one.expires_wall_at,
            )
            for one in mine
            if one.device_uid is None
        ],
        device_keys=sum(one.device_uid is not None for one in mine),
        heard_at=heard.get(source.id),
    )
