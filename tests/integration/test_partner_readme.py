"""The page that tells partners how to join is run line by line, as they would."""

import json
import re
import subprocess
import sys
from pathlib import Path

from api_server import RunningApi
from border import SECRET, SITE, after

from api.permissions import SCOPES
from flowctl.clock import ClockWriter
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"```sh\n(.*?)```", (ROOT / "data" / "partners" / "README.md").read_text("utf-8"), re.DOTALL
)


def test_a_partner_joins_by_the_lines_of_its_page(api: RunningApi, tmp_path: Path):
    place = api.border
    save_site(place.conn, read_source(SITE), where=str(SITE), now=after(0))
    api.clock.at = after(30)
    ClockWriter(tmp_path / "clock", start=after(30), speed=1.0)
    trip = place.trip(plate="12C12345", goods_class="fresh_fruit", weight_t=20.0)
    folder = tmp_path / ".venv/bin"
    folder.mkdir(parents=True)
    command = folder / "flowctl"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m flowctl.cli "$@"\n')
    command.chmod(0o755)
    # The camera's line comes before the desk's word here: customs confirms who has arrived.
    joins, pulls, knows, decides, reads = BLOCKS
    script = joins + pulls + knows + reads + decides
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "API": api.url,
            "AT": after(20).isoformat(),
            "FLOWCTL_DATABASE_URL": api.app.state.settings.database_url,
            "FLOWCTL_SECRET": SECRET.get_secret_value(),
            "FLOWCTL_CLOCK_FILE": str(tmp_path / "clock"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answers = [
        json.loads(line)
        for line in done.stdout.replace("}{", "}\n{").splitlines()
        if line.startswith("{")
    ]
    assert [one["plate"] for one in json.loads((tmp_path / "page.json").read_text())["items"]] == [
        "12C12345"
    ]
    assert {"outcome": "counted", "trip": trip, "stages": ["arrival", "yard"]} in answers
    assert answers[-1]["results"][0]["status"] == "done"
    found = place.conn.execute(
        "select goods_code, origins ->> 'value_vnd' from declarations where trip_id = %s", [trip]
    ).fetchone()
    assert found == ("081090", "source:vnaccs")
    assert place.conn.execute("select plate from foreknown").fetchone() == ("12C67890",)
    assert place.conn.execute("select count(*) from webhooks").fetchone() == (1,)


def test_the_page_names_every_right_of_partners():
    page = (ROOT / "data" / "partners" / "README.md").read_text("utf-8")
    of_partners = {
        str(scope)
        for (_, path), scope in SCOPES.items()
        if path.startswith(("/v1/partner", "/v1/readings", "/v1/openapi"))
    }
    assert of_partners <= set(re.findall(r"`([a-z:]+)`", page))
