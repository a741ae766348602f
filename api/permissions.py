"""Who may call what: the whole table. A route without an entry is refused to everybody."""

from collections.abc import Mapping

from flowctl.registry.accounts import Role

_ADMIN = frozenset({Role.ADMINISTRATOR})
_MACHINE = frozenset({Role.MACHINE})
_EVERYBODY = frozenset(Role)
_CONTROL_ROOM = _ADMIN | {Role.OPERATOR, Role.OFFICER, Role.PLANNER}
_WATCHERS = _ADMIN | {Role.OPERATOR, Role.OFFICER}
_DISPATCHERS = _ADMIN | {Role.OPERATOR}
_REGISTRARS = _MACHINE | _ADMIN | {Role.OPERATOR, Role.HAULIER}
_PLANNERS = _ADMIN | {Role.PLANNER, Role.OPERATOR}

PUBLIC: frozenset[Role] | None = None
"""Needs no credentials; a driver's code and a token in the path are checked by their routes."""

POSITIONS = frozenset({"/v1/fixes", "/v1/traccar", "/v1/owntracks", "/v1/ufms"})
"""The paths that take positions, which is all that the token of a single device is good for."""

WITNESSED = frozenset({"/v1/gates/{gate}/events"})
"""The paths that take what was seen at gates: a source needs the right to witness there.

What they are told makes a gate's capacity and ends trips, which no tracker's token may do.
"""

PERMISSIONS: Mapping[tuple[str, str], frozenset[Role] | None] = {
    ("GET", "/"): PUBLIC,
    ("GET", "/board"): PUBLIC,
    ("GET", "/d"): PUBLIC,
    ("GET", "/d/{code}"): PUBLIC,
    ("GET", "/sw.js"): PUBLIC,
    ("GET", "/icon-{side}.png"): PUBLIC,
    ("GET", "/manifest.webmanifest"): PUBLIC,
    ("GET", "/planner"): PUBLIC,
    ("GET", "/gate"): PUBLIC,
    ("GET", "/gate-sw.js"): PUBLIC,
    ("GET", "/v1/health"): PUBLIC,
    ("POST", "/v1/sessions"): PUBLIC,
    ("GET", "/v1/sessions/current"): _EVERYBODY - _MACHINE,
    ("DELETE", "/v1/sessions/current"): _EVERYBODY - _MACHINE,
    ("POST", "/v1/fixes"): _MACHINE,
    ("GET", "/v1/osmand/{token}"): PUBLIC,
    ("POST", "/v1/osmand/{token}"): PUBLIC,
    ("GET", "/v1/osmand/{token}/"): PUBLIC,
    ("POST", "/v1/osmand/{token}/"): PUBLIC,
    ("POST", "/v1/traccar"): _MACHINE,
    ("POST", "/v1/traccar/{token}"): PUBLIC,
    ("POST", "/v1/owntracks"): _MACHINE,
    ("POST", "/v1/owntracks/{token}"): PUBLIC,
    ("POST", "/v1/ufms"): _MACHINE,
    ("POST", "/v1/ufms/{token}"): PUBLIC,
    ("GET", "/v1/sms/{token}/answer"): PUBLIC,
    ("POST", "/v1/sms/{token}/answer"): PUBLIC,
    ("GET", "/v1/sms/{token}/receipt"): PUBLIC,
    ("POST", "/v1/sms/{token}/receipt"): PUBLIC,
    ("GET", "/v1/messages"): _DISPATCHERS,
    ("GET", "/v1/messages/summary"): _WATCHERS,
    ("POST", "/v1/messages/{message_id}/retry"): _DISPATCHERS,
    ("GET", "/v1/fixes/aside"): _DISPATCHERS,
    ("GET", "/v1/fixes/aside/counts"): _DISPATCHERS,
    ("GET", "/v1/devices"): _DISPATCHERS,
    ("GET", "/v1/devices/conflicts"): _DISPATCHERS,
    ("POST", "/v1/devices"): _DISPATCHERS,
    ("POST", "/v1/devices/{uid:path}/assignments"): _DISPATCHERS,
    ("POST", "/v1/devices/{uid:path}/assignments/{assignment_id}/end"): _DISPATCHERS,
    ("GET", "/v1/devices/{uid:path}"): _DISPATCHERS,
    ("GET", "/metrics"): _MACHINE | _ADMIN,
    ("POST", "/v1/trips"): _REGISTRARS,
    ("GET", "/v1/trips"): _REGISTRARS | _CONTROL_ROOM,
    ("GET", "/v1/trips/{trip_id}"): _REGISTRARS | _CONTROL_ROOM,
    ("PATCH", "/v1/trips/{trip_id}"): _REGISTRARS,
    ("POST", "/v1/trips/{trip_id}/cancel"): _REGISTRARS,
    ("POST", "/v1/trips/{trip_id}/extension"): _REGISTRARS,
    ("POST", "/v1/trips/{trip_id}/standby"): _REGISTRARS,
    ("POST", "/v1/trips/{trip_id}/device/accept"): _DISPATCHERS,
    ("GET", "/v1/trips/{trip_id}/penalties"): _REGISTRARS | _CONTROL_ROOM,
    ("POST", "/v1/trips/{trip_id}/penalties/{penalty_id}/lift"): _DISPATCHERS,
    ("POST", "/v1/gates/{gate}/events"): _MACHINE | _ADMIN | {Role.OFFICER, Role.OPERATOR},
    ("GET", "/v1/gates/{gate}/list"): _WATCHERS,
    ("POST", "/v1/gates/{gate}/decisions"): _WATCHERS,
    ("POST", "/v1/yards/{yard}/events"): _ADMIN | {Role.OFFICER, Role.OPERATOR},
    ("GET", "/v1/closures"): _CONTROL_ROOM,
    ("GET", "/v1/held"): _CONTROL_ROOM,
    ("GET", "/v1/gates/{gate}/closures/affected"): _CONTROL_ROOM,
    ("POST", "/v1/gates/{gate}/closures"): _ADMIN | {Role.OFFICER, Role.OPERATOR},
    ("GET", "/v1/closures/{closure_id}"): _CONTROL_ROOM,
    ("PATCH", "/v1/closures/{closure_id}"): _ADMIN | {Role.OFFICER, Role.OPERATOR},
    ("POST", "/v1/closures/{closure_id}/end"): _ADMIN | {Role.OFFICER, Role.OPERATOR},
    ("DELETE", "/v1/closures/{closure_id}"): _ADMIN | {Role.OFFICER, Role.OPERATOR},
    ("GET", "/v1/paper/{gate}"): _WATCHERS,
    ("POST", "/v1/paper/{gate}"): _WATCHERS,
    ("POST", "/v1/paper/{order}/entries"): _WATCHERS,
    ("GET", "/v1/plans/latest"): _PLANNERS,
    ("GET", "/v1/visits"): _CONTROL_ROOM,
    ("GET", "/v1/alerts"): _WATCHERS,
    ("GET", "/v1/alerts/{alert_id}"): _WATCHERS,
    ("POST", "/v1/alerts/{alert_id}"): _WATCHERS,
    ("GET", "/v1/site"): _EVERYBODY,
    ("GET", "/v1/live"): _CONTROL_ROOM,
    ("GET", "/v1/forecast"): _CONTROL_ROOM,
    ("GET", "/v1/traffic"): _CONTROL_ROOM,
    ("GET", "/v1/eta/scores"): _PLANNERS,
    ("GET", "/v1/corridors"): _CONTROL_ROOM,
    ("GET", "/v1/corridors/{way}/spacetime"): _CONTROL_ROOM,
    ("GET", "/v1/events"): _CONTROL_ROOM,
    ("GET", "/v1/board"): PUBLIC,
    ("GET", "/v1/ledger/head"): PUBLIC,
    ("GET", "/v1/ledger/heads"): PUBLIC,
    ("GET", "/v1/ledger/overtakes"): PUBLIC,
    ("GET", "/v1/ledger"): _ADMIN | {Role.PLANNER},
    ("GET", "/v1/driver/{code}"): PUBLIC,
    ("GET", "/v1/driver/{code}/why"): PUBLIC,
    ("POST", "/v1/driver/{code}/accept"): PUBLIC,
    ("POST", "/v1/driver/{code}/late"): PUBLIC,
    ("POST", "/v1/driver/{code}/cancel"): PUBLIC,
    ("GET", "/v1/driver/{code}/slots"): PUBLIC,
    ("POST", "/v1/driver/{code}/slot"): PUBLIC,
    ("POST", "/v1/driver/{code}/extension"): PUBLIC,
    ("POST", "/v1/driver/{code}/standby"): PUBLIC,
    ("POST", "/v1/driver/{code}/claim"): PUBLIC,
    ("POST", "/v1/driver/{code}/code"): PUBLIC,
    ("GET", "/v1/driver/{code}/pass"): PUBLIC,
    ("POST", "/v1/driver/{code}/tracker"): PUBLIC,
    ("PUT", "/v1/driver/{code}/push"): PUBLIC,
    ("DELETE", "/v1/driver/{code}/push"): PUBLIC,
    ("POST", "/v1/driver-logins"): PUBLIC,
    ("POST", "/v1/driver-logins/code"): PUBLIC,
    ("GET", "/v1/trips/{trip_id}/why"): _REGISTRARS | _CONTROL_ROOM,
    ("GET", "/v1/scenarios"): _PLANNERS,
    ("POST", "/v1/simulations"): _ADMIN | {Role.PLANNER},
    ("GET", "/v1/simulations"): _PLANNERS,
    ("GET", "/v1/simulations/{job_id}"): _PLANNERS,
}
