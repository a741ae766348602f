"""A controller whose clock is set back goes on deciding."""

from datetime import datetime, timedelta
from threading import Event

from border import after, border

from flowctl.clock import is_due
from flowctl.ledger_key import Signing
from flowctl.printing import Printing
from flowctl.storage.sites import find_loaded_at
from flowctl.storage.snapshot import gate_histories
from flowctl.tenure import Tenure
from flowctl.worker import _control

EVERY = timedelta(seconds=30)


class SetBack:
    """A clock that is an hour back from its second look on, and stops the work at its end."""

    def __init__(self, stop: Event) -> None:
        self._looks = 0
        self._stop = stop

    def now(self) -> datetime:
        self._looks += 1
        if self._looks >= 4:
            self._stop.set()
        return after(60) if self._looks <= 2 else after(0)


def test_after_its_clock_was_set_back_the_controller_goes_by_what_it_finds_now(
    database: str,
):
    stop = Event()
    with border(database) as place:
        loaded = find_loaded_at(place.conn, place.site.id, after(0))
        silent = Signing(None), Printing(None)
        tenure = Tenure(database, place.site.id)
        assert tenure.take(place.conn)
        _control(place.conn, place.site, loaded, SetBack(stop), stop, 0.0, *silent, tenure)
        found = gate_histories(place.conn, place.site, after(0))
    # What was found an hour ahead would have been the present for an hour.
    assert {gate.n_target_at for gate in found} == {after(0)}


def test_what_is_due_comes_in_its_intervals():
    assert is_due(after(0), after(0), EVERY)
    assert not is_due(after(0.5), after(0), EVERY)
    assert not is_due(after(0.5), after(0.4), EVERY)
    assert is_due(after(0.5), after(0.6), EVERY)
    assert is_due(after(60), after(0), EVERY)
