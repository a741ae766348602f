"""The application: its stores, its routes, and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api import (
    acceptance,
    accounts,
    acts,
    alerts,
    aside,
    audit,
    board_routes,
    bulletins,
    by_hand,
    carried,
    closures,
    colleagues,
    conflicts,
    crossings,
    declarations,
    declared,
    device_faults,
    devices,
    documents,
    drafts,
    driver,
    driver_acts,
    errors,
    eta,
    events,
    fair_use,
    fees,
    fixes,
    forecast,
    gates,
    handovers,
    health,
    hooks,
    imports,
    keys,
    ledger,
    live,
    messages,
    metrics,
    officer,
    oidc,
    openapi,
    own_account,
    pages,
    paper,
    partner,
    partner_facts,
    partner_pushes,
    past,
    payments,
    persons,
    phone,
    plans,
    reports,
    request_log,
    scenarios,
    search,
    sessions,
    simulations,
    simulations_compare,
    simulations_files,
    site,
    sms,
    spacetime,
    stages,
    texts,
    trackers,
    traffic,
    trips,
    visits,
    why,
    work,
    workflows,
    zone_drafts,
    zone_preview,
    zone_versions,
)
from api.asked import refuse_unknown
from api.assets import Assets
from api.auth import authorize
from api.background import beside
from api.board_texts import BoardTexts
from api.database import Database
from api.door import Door, Rules, find_turned_away
from api.edge import make_edge
from api.endings import Endings
from api.feed import Feed
from api.known import KnownDevices
from api.middleware import BodyLimit, ProtectiveHeaders
from api.previews import Previews
from api.reload import keep_site
from api.strangers import Strangers
from api.tokens import Tokens
from api.uploads import Uploads
from api.waking import Waker
from api.watching import watch
from flowctl import traces
from flowctl.clock import Clock
from flowctl.registry.answers import Order
from flowctl.registry.keys import derive_keys
from flowctl.settings import Settings
from flowctl.storage.connections import Pool, make_pool
from flowctl.storage.sites import get_loaded_site
from flowctl.telemetry import stream
from flowctl.telemetry.store import connect as connect_store

_POOL_MOST = 8
_POOL_WAIT_S = 5.0

_ROUTERS = (
    health.router,
    sessions.router,
    own_account.router,
    accounts.router,
    colleagues.router,
    keys.router,
    oidc.router,
    fixes.router,
    aside.router,
    audit.router,
    documents.router,
    persons.router,
    device_faults.router,  # before the device whose identifier may hold slashes
    devices.router,
    by_hand.router,
    texts.router,
    metrics.router,
    trips.router,
    declared.router,
    declarations.router,
    drafts.router,
    fair_use.router,
    imports.router,
    partner.router,
    partner_pushes.router,
    partner_facts.router,
    conflicts.router,
    hooks.router,
    openapi.router,
    stages.router,
    work.router,
    workflows.router,
    handovers.router,
    past.router,
    search.router,
    acceptance.router,
    gates.router,
    officer.router,
    closures.router,
    acts.router,
    paper.router,
    plans.router,
    visits.router,
    alerts.router,
    site.router,
    zone_versions.router,
    zone_drafts.router,
    zone_preview.router,
    spacetime.router,
    live.router,
    messages.router,
    forecast.router,
    traffic.router,
    eta.router,
    events.router,
    bulletins.router,
    reports.router,
    fees.router,
    payments.router,
    crossings.router,
    ledger.router,
    why.router,
    driver.router,
    driver_acts.router,
    phone.router,
    carried.router,
    scenarios.router,
    simulations_compare.router,  # before the run whose number stands there
    simulations.router,
    simulations_files.router,
    pages.router,
)


class App(FastAPI):
    """The application: trackers and the board's readers come before all that surrounds the others.

    What lies around would cost more than the one fix they bring, or the text they take.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = trackers.find_route(scope) or board_routes.find_route(scope)
        if route is None and (away := find_turned_away(scope, self.state.strangers)) is not None:
            await request_log.count(away, scope, receive, send)
        elif route is None:
            await request_log.serve(super().__call__, pages.as_read(scope), receive, send)
        else:
            scope["app"] = self
            await request_log.count(route.app, scope, receive, send)


def create_app(settings: Settings, clock: Clock) -> FastAPI:
    """Return the application; its stores are opened when it starts and closed when it stops.

    ``app.state`` holds ``settings``, ``clock``, ``keys``, ``pool`` (PostgreSQL), ``store`` (Valkey,
    asyncio), ``site`` as loaded in the database at ``loaded_at`` (see `api.reload`), ``feed``, the
    live picture, ``tokens``, whose they are, and ``edge``, which takes fixes.
    """
    app = App(
        title="flowctl",
        lifespan=_lifespan,
        dependencies=[Depends(authorize), Depends(refuse_unknown)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # asks at every request
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.keys = derive_keys(settings.secret, settings.old_secrets)
    app.state.order = Order()
    app.state.previews = Previews()
    app.state.uploads = Uploads()
    app.state.watchers = events.Watchers()
    app.state.running_days = reports.RunningDays()
    errors.install(app)
    app.router.routes.extend(trackers.ROUTES)
    app.router.routes.extend(board_routes.ROUTES)
    app.router.routes.extend(sms.ROUTES)
    app.state.sms_callers = sms.callers(settings)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/assets", Assets(directory=pages.DIST / "assets", check_dir=False))
    app.add_middleware(BodyLimit)
    app.state.rules, app.state.strangers = Rules(settings), Strangers()
    app.add_middleware(Door, rules=app.state.rules)
    app.add_middleware(ProtectiveHeaders)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    pool = make_pool(state.settings.database_url, most=_POOL_MOST, wait_s=_POOL_WAIT_S)
    store = connect_store(state.settings.valkey_url)
    state.pool, state.store = pool, store
    try:
        await run_in_threadpool(_open, pool, state)
        state.feed = Feed(pool, state.site, state.clock)
        state.waker = Waker(store, state.feed, state.site.id)
        state.board = BoardTexts(state.feed, pool)
        database, appender = (
            Database(pool),
            stream.Appender(store, replicas=state.settings.valkey_replicas),
        )
        state.tokens, state.endings = Tokens(database, state.strangers), Endings(database)
        state.edge = make_edge(state.site, state.clock, appender, KnownDevices(database))
        async with (
            state.feed.running(),
            state.waker.running(),
            state.board.running(),
            appender.running(),
            beside(keep_site(state), watch(state)),
        ):
            yield
    finally:
        await store.aclose()
        await run_in_threadpool(pool.close)
        await run_in_threadpool(traces.end)


def _open(pool: Pool, state: Any) -> None:  # noqa: ANN401 - Starlette's State
    pool.open(wait=True, timeout=30.0)
    with pool.connection() as conn:
        state.loaded_at, state.site = get_loaded_site(conn, state.settings.site, state.clock.now())
