"""Processes that run on while a site is loaded anew take it up by themselves."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from border import MORNING, SECRET, SITE, border

from flowctl.local import environment
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.sites import find_loaded_at, find_newer_site, save_site

WITHIN_S = 40.0


def test_a_site_is_newer_only_once_it_was_loaded_again(database: str):
    with border(database) as place:
        loaded_at = find_loaded_at(place.conn, place.site.id)
        assert find_newer_site(place.conn, place.site.id, loaded_at) is None
        again = MORNING + timedelta(hours=1)
        save_site(place.conn, read_source(SITE), where=str(SITE), now=again)
        newer = find_newer_site(place.conn, place.site.id, loaded_at)
        assert newer is not None
        assert newer[0] == find_loaded_at(place.conn, place.site.id) != loaded_at
        assert newer[1].id == place.site.id


@pytest.mark.parametrize("process", ["controller", "notify"])
def test_a_running_process_takes_up_a_site_that_is_loaded(
    database: str, valkey: str, tmp_path: Path, process: str
):
    with border(database):
        pass
    settings = Settings(
        database_url=database, valkey_url=valkey, secret=SECRET, sms_file=tmp_path / "sms.jsonl"
    )
    log = tmp_path / "log"
    with (
        log.open("wb") as out,
        psycopg.connect(database, autocommit=True) as conn,
        subprocess.Popen(
            [sys.executable, "-m", "flowctl.cli", process],
            env={**os.environ, **environment(settings)},
            stdout=out,
            stderr=out,
        ) as running,
    ):
        try:
            says(log, {"controller": "controller active", "notify": "notify ready"}[process])
            save_site(conn, read_source(SITE), where=str(SITE), now=MORNING + timedelta(hours=1))
            says(log, "site loaded anew")
            assert running.poll() is None
        finally:
            running.terminate()


def says(log: Path, words: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while words not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
