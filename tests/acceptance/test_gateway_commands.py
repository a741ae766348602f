"""Gateways by the commands an administrator types."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from command_line import run_command
from smsc import PASSWORD, Reply, Smsc, smsc_running

from flowctl.data_files import data_dir
from flowctl.storage.gateway_states import GatewayState, save_states

EXAMPLES = Path(__file__).parents[2] / "deploy" / "gateways"
SECRETS = {
    "SMPP_PASSWORD": PASSWORD,
    "KANNEL_PASSWORD": "k",
    "ESMS_API_KEY": "a",
    "ESMS_SECRET_KEY": "b",
}


class Shell:
    """Runs commands against one database with one file of gateways."""

    def __init__(self, database: str, file: Path) -> None:
        self.env = {
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": database,
            "FLOWCTL_GATEWAYS_FILE": str(file),
            **SECRETS,
        }

    def run(self, *arguments: str, refused: bool = False) -> str:
        done = run_command(*arguments, env=self.env, code=int(refused))
        return done.stderr if refused else done.stdout


@pytest.fixture
def shell(database: str, tmp_path: Path) -> Shell:
    file = tmp_path / "gateways.toml"
    names = ("smpp", "kannel", "esms")
    file.write_text("\n".join((EXAMPLES / f"{name}.toml").read_text() for name in names))
    made = Shell(database, file)
    made.run("site", "load", str(data_dir() / "sites/lang_son"))
    return made


@contextmanager
def smsc_aside(smsc: Smsc) -> Iterator[None]:
    """Run an SMSC in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with smsc_running(smsc):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    ready.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def test_a_file_is_checked_and_every_gateway_of_it_listed_with_how_it_does(shell: Shell):
    checked = shell.run("gateway", "check")
    for words in ("flowctl@smpp.operator.example:3550 (TLS)", "+84 350", "VND", "3 gateways"):
        assert words in checked
    with psycopg.connect(shell.env["FLOWCTL_DATABASE_URL"]) as conn:
        away = GatewayState("viettel", "away", 50.0, "refuses flowctl: invalid password (0x0E)")
        save_states(conn, "lang_son", [away])
    listed = shell.run("gateway", "list")
    assert "away" in listed
    assert "invalid password" in listed
    assert "never asked" in listed


def test_the_addresses_of_a_gateway_are_printed_with_what_kannel_needs(shell: Shell):
    printed = shell.run("gateway", "urls", "kannel")
    assert "http://api:8000/v1/sms/" in printed
    assert "phone=%p&text=%b&id=%I&charset=%C&coding=%c" in printed
    assert "answers" not in shell.run("gateway", "urls", "esms")
    assert "by its own connection" in shell.run("gateway", "urls", "viettel", refused=True)
    assert "the file has: viettel, kannel" in shell.run("gateway", "urls", "x", refused=True)


def test_a_file_with_faults_and_none_at_all_are_refused_in_sentences(shell: Shell, tmp_path: Path):
    bad = tmp_path / "bad.toml"
    bad.write_text("[[gateway]]\nname = 'x'\nkind = 'fax'")
    assert "no known kind" in shell.run("gateway", "check", str(bad), refused=True)
    shell.env["FLOWCTL_GATEWAYS_FILE"] = str(bad)
    for process in ("api", "notify"):
        assert "no known kind" in shell.run(process, refused=True)
    del shell.env["FLOWCTL_GATEWAYS_FILE"]
    assert "set FLOWCTL_GATEWAYS_FILE" in shell.run("gateway", "list", refused=True)


def test_one_text_is_sent_by_one_gateway_and_its_receipt_awaited(shell: Shell):
    smsc = Smsc([Reply(receipt_first=True), Reply(0x0B)])
    with smsc_aside(smsc):
        file = Path(shell.env["FLOWCTL_GATEWAYS_FILE"])
        text = (EXAMPLES / "smpp.toml").read_text().replace("tls = true", "")
        text = text.replace("smpp.operator.example", "127.0.0.1").replace("3550", str(smsc.port))
        file.write_text(text)
        sent = shell.run("gateway", "test", "viettel", "0903123456")
        assert "viettel took the message: m1." in sent
        assert "receipt says DELIVRD" in sent
        assert smsc.taken[0].destination_addr == "84903123456"
        refused = shell.run("gateway", "test", "viettel", "0903123456", refused=True)
        assert "invalid destination address (0x0B)" in refused
    assert "landline" in shell.run("gateway", "test", "viettel", "0243 825 1234", refused=True)
