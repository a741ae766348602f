"""For which desks somebody may speak of stages: each in their own name, for nobody else's."""

from fastapi import Request

from api.auth import Caller, caller
from flowctl.errors import FlowctlError
from flowctl.registry.accounts import Role
from flowctl.workflow.stages import Desk


def desks_of(who: Caller) -> tuple[Desk, ...]:
    """Return for which desks a caller speaks: an officer for the agency, an operator for the yard.

    A haulier speaks for its own trips; an administrator for nobody, for each act is somebody's own.
    """
    if who.role is Role.OPERATOR:
        return (Desk.YARD,)
    if who.role is Role.HAULIER:
        return (Desk.HAULIER,)
    agency = None if who.present is None else who.present.account.agency
    if who.role is Role.OFFICER and agency is not None:
        return (Desk(agency),)
    return ()


def own_desk(request: Request) -> Desk:
    """Return the desk a caller speaks for.

    Raises
    ------
    FlowctlError
        It is none: an officer's account names no agency, or the role has no desk.
    """
    desks = desks_of(caller(request))
    if not desks:
        raise FlowctlError(
            "This account speaks for no desk; an administrator says of which agency an officer is.",
            kind="no_desk",
        )
    return desks[0]
