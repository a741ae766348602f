"""A real Kannel, configured as it is deployed but for ports and operator, with phones of its own.

Debian's packages kannel and kannel-extras; `make test` installs them without starting a service.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from flowctl.server_process import free_port

DEPLOYED = Path(__file__).parents[1] / "deploy" / "kannel"
_FAKE_SMSC = "/usr/lib/kannel/test/fakesmsc"
_SBIN = "/usr/sbin:/usr/bin:/bin"
PASSWORD = "of-the-tests"


@dataclass
class Kannel:
    """Both boxes, running."""

    home: Path
    sendsms_port: int
    smsc_port: int

    @contextmanager
    def phones(self, *said: str) -> Iterator[Path]:
        """Let phones write; yields the log of what they and all others are sent meanwhile."""
        log = self.home / "phones.log"
        never = ("1 2 text never sent",)  # it wants a text even if it is to send none
        line = [_FAKE_SMSC, "-r", str(self.smsc_port), "-m", str(len(said)), *(said or never)]
        with log.open("w") as output, _running(line, output):
            yield log


@contextmanager
def running_kannel(home: Path, *, api_port: int, token: str) -> Iterator[Kannel]:
    """Yield a Kannel whose answers go to the API at a port of this machine."""
    for program in ("/usr/sbin/bearerbox", "/usr/sbin/smsbox", _FAKE_SMSC):
        if shutil.which(program) is None:
            pytest.skip("Kannel is not installed (Debian: apt-get install kannel kannel-extras)")
    admin, smsbox, sendsms, smsc = (free_port() for _ in range(4))
    text = (DEPLOYED / "kannel.conf.in").read_text()
    for known, port in (("13000", admin), ("13001", smsbox), ("13013", sendsms)):
        text = text.replace(known, str(port))
    text = text.replace("http://api:8000", f"http://127.0.0.1:{api_port}")
    (home / "kannel.conf.in").write_text(
        re.sub("http-queue-delay = .*", "http-queue-delay = 1", text)
    )
    (home / "smsc.conf").write_text(
        f"group = smsc\nsmsc = fake\nsmsc-id = fake\nport = {smsc}\nconnect-allow-ip = 127.0.0.1\n"
    )
    for name, content in ("password", PASSWORD), ("answer_token", token), ("smsc_password", ""):
        (home / f"kannel_{name}").write_text(f"{content}\n")
    environment = {
        "PATH": _SBIN,
        "SECRETS": str(home),
        "SMSC_CONF": str(home / "smsc.conf"),
        "KANNEL_CONF": str(home / "kannel.conf.in"),
        "SPOOL": str(home),
        "TMPDIR": str(home),
    }
    with (home / "boxes.log").open("w") as output:
        line = ["/bin/bash", str(DEPLOYED / "start")]
        with _running(line, output, environment):
            _await(sendsms)
            yield Kannel(home, sendsms, smsc)


@contextmanager
def _running(
    line: list[str], output: IO[str], environment: dict[str, str] | None = None
) -> Iterator[None]:
    process = subprocess.Popen(
        line, env=environment, stdout=output, stderr=output, start_new_session=True
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(2)  # boxes take their time to go, and have nothing to save
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what it began
            process.wait()


def _await(port: int) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"Kannel does not listen on {port}")
