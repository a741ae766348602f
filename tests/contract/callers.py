"""Who calls: every role, an officer of each agency, a key of each right, a driver, nobody."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import redis
from agencies import officer
from api_server import RunningApi

from api.strangers import Strangers
from flowctl.registry.accounts import Agency, Role
from flowctl.registry.sources import add_source
from flowctl.storage.sources import Scope


@dataclass
class Caller:
    """Somebody, and what their requests carry; ``renew`` signs in again who signed out."""

    api: RunningApi
    name: str
    role: Role | None = None
    agency: Agency | None = None
    scope: Scope | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def renew(self) -> None:
        """Sign in once more where that is how this caller is known."""
        if self.role is None:
            return
        _forget_wrong_tries(self.api)
        account = f"contract {self.name}"
        self.api.border.conn.execute(
            "update accounts set disabled_wall_at = null, totp_cipher = null where name = %s",
            [account],
        )
        client = (
            self.api.person(self.role, account)
            if self.agency is None
            else officer(self.api, self.agency, account)
        )
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        self.headers = {"Cookie": cookies, "X-Flowctl": "1"}


def callers(api: RunningApi) -> Iterator[Caller]:
    """Yield everybody who may call, each signed in."""
    yield Caller(api, "nobody")
    for role in (Role.ADMINISTRATOR, Role.OPERATOR, Role.PLANNER, Role.HAULIER):
        yield _signed_in(Caller(api, str(role), role))
    for agency in Agency:
        yield _signed_in(Caller(api, str(agency), Role.OFFICER, agency))
    for scope in Scope:
        name = f"key_{scope.replace(':', '_')}"
        key = add_source(api.border.conn, name=name, scopes={scope})
        yield Caller(api, name, scope=scope, headers={"Authorization": f"Bearer {key}"})


def _forget_wrong_tries(api: RunningApi) -> None:
    """Let this address in again: what is tried here is wrong more often than anybody may be."""
    vars(api.app.state.strangers).update(vars(Strangers()))
    with redis.from_url(api.store) as store:
        keys = [key for begun in ("signin*", "{signin*") for key in store.scan_iter(begun)]
        if keys:
            store.delete(*keys)


def _signed_in(caller: Caller) -> Caller:
    caller.renew()
    return caller
