"""Who the accounts are: their people and posts, for colleagues who read what was done by whom."""

from dataclasses import dataclass

from fastapi import APIRouter, Request

from api.transaction import transaction
from flowctl.storage.accounts import list_accounts

router = APIRouter(tags=["accounts"])


@dataclass(frozen=True, slots=True)
class Colleague:
    """The person of an account and the post; null where nobody said."""

    account: str
    person: str | None
    post: str | None


@router.get("/v1/colleagues")
def list_colleagues(request: Request) -> list[Colleague]:
    """List the people of all accounts, of those that are closed too: they signed what they did."""
    with transaction(request) as conn:
        return [Colleague(one.name, one.person, one.post) for one in list_accounts(conn)]
