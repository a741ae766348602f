"""The newest plan with what its slots are worth, for planners."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.transaction import transaction
from flowctl.errors import NotFoundError
from flowctl.site import Site
from flowctl.storage.plans import find_latest_plan

router = APIRouter(tags=["plans"])


class SlotPrice(BaseModel):
    """What one more place in a slot would save."""

    gate: str
    lane_class: str | None
    """None where the gate's lanes are for every truck."""
    starts_at: datetime
    price_vnd: int


class LanePlaces(BaseModel):
    """From ``starts_at`` on so many places of a gate are those of a lane class."""

    gate: str
    lane_class: str
    starts_at: datetime
    places: int


class ShownPlan(BaseModel):
    """A plan: ``cost`` in the plan's own unit, of which ``unit_vnd`` says the worth.

    No plan costs less than ``bound``; ``gap`` is the share of the cost that lies above it, absent
    where nothing was proved. ``policy`` is the version of the site's rules it was made by.
    ``lanes`` tells when the places of gates whose lanes change class go to which; empty where none
    do.
    """

    id: int
    planned_at: datetime
    status: str
    policy: str | None
    trips: int
    unserved: int
    inversions: int
    cost: int
    bound: int
    gap: float | None
    unit_vnd: float
    cost_vnd: int
    solve_s: float
    prices: list[SlotPrice]
    lanes: list[LanePlaces]


@router.get("/v1/plans/latest")
def get_latest_plan(request: Request) -> ShownPlan:
    """Return the newest plan."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        plan = find_latest_plan(conn, site.id)
    if plan is None:
        raise NotFoundError(
            "There is no plan yet; the controller makes one every few minutes.", kind="no_plan_yet"
        )
    worth = site.dispatch.unit_vnd
    proved = plan.status != "fallback"
    return ShownPlan(
        id=plan.id,
        planned_at=plan.planned_at,
        status=plan.status,
        policy=plan.policy,
        trips=plan.trips,
        unserved=plan.unserved,
        inversions=plan.inversions,
        cost=plan.cost,
        bound=plan.bound,
        gap=(plan.cost - plan.bound) / max(plan.cost, 1) if proved else None,
        unit_vnd=worth,
        cost_vnd=round(plan.cost * worth),
        solve_s=plan.solve_s,
        prices=[
            SlotPrice(
                gate=one.gate,
                lane_class=one.lane_class,
                starts_at=one.starts_at,
                price_vnd=round(one.price * worth),
            )
            for one in plan.prices
        ],
        lanes=[LanePlaces(**asdict(use)) for use in plan.lanes],
    )
