"""The API with real stores behind it."""

from collections.abc import Iterator

import pytest
from api_server import RunningApi, SetClock, served
from border import SECRET, border

from api.app import create_app
from flowctl.registry.sources import add_source
from flowctl.settings import Settings
from flowctl.storage.sources import Scope


@pytest.fixture
def api(database: str, valkey: str) -> Iterator[RunningApi]:
    """Run the API of Lạng Sơn, where nothing has happened yet."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        clock = SetClock()
        may = set(Scope) - {Scope.WITNESS}
        token = add_source(place.conn, name="trackers", enrols=True, scopes=may)
        app = create_app(settings, clock)
        with served(app) as url:
            running = RunningApi(url, app, clock, token, place)
            yield running
            for client in running.clients:
                client.close()
