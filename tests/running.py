"""A whole system for acceptance and browser tests: every process, on a morning played before."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from two_roles import of_processes

from flowctl.data_files import data_dir
from flowctl.demo import HEADLESS_STEP, Watch, set_stage
from flowctl.local import LocalSystem
from flowctl.scenarios.scenario import load_scenario, scaled
from flowctl.server_process import free_port
from simulations.player import Pace, Player, play

SHARE_OF_THE_DAY = 0.25
PLAYED_UNTIL = timedelta(hours=9)


@dataclass(frozen=True, slots=True)
class Running:
    """A running system and what opens it."""

    system: LocalSystem
    player: Player
    watch: Watch
    now: datetime

    @property
    def url(self) -> str:
        """The address of its pages."""
        return self.system.settings.public_url

    @property
    def accounts(self) -> dict[str, tuple[str, str]]:
        """Name and password by account; each role has one of its own name."""
        return {one.name: (one.name, one.password) for one in self.system.accounts}

    @property
    def scenario(self) -> str:
        """A scenario planners can run."""
        return "2024-01-23"

    @property
    def messages(self) -> list[dict[str, str]]:
        """Every SMS that went out."""
        path = self.system.settings.sms_file
        if path is None:
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    @property
    def driver_link(self) -> str:
        """The link in the newest message that told a driver his slot."""
        slots = [m for m in self.messages if m["kind"] == "slot"]
        return next(word for word in slots[-1]["text"].split() if "/d/" in word).rstrip(".,")


@contextmanager
def running_morning(state_dir: Path, postgres_url: str, valkey_url: str) -> Iterator[Running]:
    """Play a quarter of the published day until 09:00, then let domain time run like the wall's."""
    scenario = scaled(load_scenario(data_dir() / "scenarios/2024-01-23.toml"), SHARE_OF_THE_DAY)
    with set_stage(
        state_dir / "running",
        scenario,
        postgres_url=of_processes(postgres_url),
        owner_url=f"{postgres_url}/postgres",
        valkey_url=valkey_url,
        port=free_port(),
        speed=1.0,
        seed=1,
    ) as stage:
        now = scenario.start + PLAYED_UNTIL
        play(
            stage.player,
            stage.clock,
            start=scenario.start,
            end=now,
            pace=Pace(HEADLESS_STEP, None),
            keeps_up=stage.watch.keeps_up,
            stopped=lambda: False,
            progress=lambda _: None,
        )
        stage.clock.set(at=now, until=now + timedelta(hours=2))
        yield Running(stage.system, stage.player, stage.watch, now)
