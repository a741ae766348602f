"""The bulletin by mail, through a real mail server on this machine."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from border import SECRET, Border, after, border
from certificates import make_certificate

from flowctl.errors import FlowctlError
from flowctl.notify.mail import MailServer, connect, read_letters, read_server, send_due
from flowctl.settings import Settings
from flowctl.storage.bulletin_mails import queue_mail
from flowctl.storage.bulletins import make_due

DAY = date(2024, 1, 23)
EVENING = datetime(2024, 1, 23, 13, 20, tzinfo=UTC)  # 20:20 at the gates
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    """A border whose bulletin waits to be sent."""
    with border(database) as there:
        there.visit(there.trip(at=after(-60)), "yard_bao_nguyen", 10)
        with there.conn.transaction():
            make_due(there.conn, there.site, EVENING)
        there.conn.execute("update bulletin_mails set next_wall_at = %s", [NOW])
        yield there


@dataclass
class Inbox:
    """A mail server that keeps what it takes, and refuses whom it is told to."""

    refused: set[str] = field(default_factory=set)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's word
        self,
        _server: object,
        _session: object,
        envelope: Any,  # noqa: ANN401
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.taken += [(to, letter) for to in envelope.rcpt_tos]
        return "250 OK"


@contextmanager
def mail_server(inbox: Inbox, **how: Any) -> Iterator[int]:  # noqa: ANN401
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port, ready_timeout=30, **how)
    server.start()
    try:
        yield port
    finally:
        server.stop(no_assert=True)


def mail_settings(port: int, **more: Any) -> Settings:  # noqa: ANN401
    said = {
        "mail_url": f"smtp://127.0.0.1:{port}",
        "mail_from": "gate@example.org",
        "bulletin_to": "one@example.org, two@example.org",
    }
    return Settings(secret=SECRET, **(said | more))


def send(place: Border, settings: Settings, now: datetime = NOW, **how: Any) -> bool:  # noqa: ANN401
    letters = read_letters(settings)
    assert letters is not None
    return send_due(place.conn, letters, place.site.id, wall_now=now, **how)


def mail_state(place: Border) -> tuple[str, int, str | None]:
    [row] = place.conn.execute("select state, attempts, trouble from bulletin_mails").fetchall()
    return row


def test_everybody_on_the_list_gets_a_letter_with_the_files(place: Border):
    inbox = Inbox()
    with mail_server(inbox) as port:
        assert send(place, mail_settings(port))
        assert not send(place, mail_settings(port)), "once"
    assert [to for to, _ in inbox.taken] == ["one@example.org", "two@example.org"]
    letter = inbox.taken[0][1]
    assert letter["Subject"] == "Lạng Sơn: bản tin ngày 23/01/2024"
    names = [part.get_filename() for part in letter.iter_attachments()]
    assert [name.rpartition(".")[2] for name in names if name] == ["pdf", "xlsx", "csv"]
    html = letter.get_body(("html",))
    assert html is not None
    assert "Thông quan xuất khẩu" in html.get_content()
    assert mail_state(place) == ("sent", 1, None)


def test_a_refused_address_is_tried_again_and_the_others_are_not(place: Border):
    inbox = Inbox(refused={"two@example.org"})
    with mail_server(inbox) as port:
        send(place, mail_settings(port))
        assert not send(place, mail_settings(port), NOW + timedelta(seconds=20)), "not yet"
        state, _, trouble = mail_state(place)
        assert state == "waiting"
        assert trouble is not None
        assert "550" in trouble
        inbox.refused.clear()
        send(place, mail_settings(port), NOW + timedelta(minutes=1))
    assert [to for to, _ in inbox.taken] == ["one@example.org", "two@example.org"]
    assert mail_state(place)[0] == "sent"


def test_a_server_that_never_answers_is_given_up_after_some_tries(place: Border):
    settings, now = mail_settings(9), NOW  # nothing listens at port 9
    for _ in range(20):
        if not send(place, settings, now):
            break
        now += timedelta(hours=7)
    state, attempts, trouble = mail_state(place)
    assert (state, attempts) == ("dead", 8)
    assert trouble is not None
    assert "refused" in trouble.lower()
    queue_mail(place.conn, place.site.id, DAY, 1)
    [(n,)] = place.conn.execute(
        "select count(*) from bulletin_mails where state = 'waiting'"
    ).fetchall()
    assert n == 1, "until somebody sends it again"


def test_who_is_named_later_does_not_get_all_that_was_made_before(place: Border):
    inbox = Inbox()
    with mail_server(inbox) as port:
        assert not send(place, mail_settings(port), NOW + timedelta(days=4))
    assert inbox.taken == []
    assert mail_state(place)[0] == "dead"


def elsewhere(
    port: int, trusted: ssl.SSLContext | None, **more: str
) -> Callable[..., smtplib.SMTP]:
    """Return what dials a server as if it were not on this machine."""
    who = {"user": "", "password": "", **more}
    server = MailServer("localhost", port, at_once=False, plain=False, **who)
    return lambda _server: connect(server, trusted)


def test_the_line_is_encrypted_and_signed_in(place: Border, tmp_path: Path):
    certificate, key = make_certificate(tmp_path)
    serves = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serves.load_cert_chain(certificate, key)
    trusted = ssl.create_default_context(cafile=certificate)
    inbox, asked = Inbox(), []

    def check(_server: object, session: Any, _e: object, _m: str, data: Any) -> AuthResult:  # noqa: ANN401
        asked.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=True)

    how = {"tls_context": serves, "require_starttls": True, "authenticator": check}
    with mail_server(inbox, auth_required=True, **how) as port:
        untrusted = elsewhere(port, None)
        assert send(place, mail_settings(port), connect=untrusted)
        assert "CERTIFICATE_VERIFY_FAILED" in (mail_state(place)[2] or "")
        dial = elsewhere(port, trusted, user="flow@ctl", password="p:w")
        assert send(place, mail_settings(port), NOW + timedelta(minutes=5), connect=dial)
    assert asked == [(b"flow@ctl", b"p:w", True)]
    assert len(inbox.taken) == 2


def test_a_server_elsewhere_without_encryption_is_not_spoken_to(place: Border):
    inbox = Inbox()
    with mail_server(inbox) as port:
        send(place, mail_settings(port), connect=elsewhere(port, None))
    assert inbox.taken == []
    assert "STARTTLS" in (mail_state(place)[2] or "")


def test_only_this_machine_is_spoken_to_in_plain():
    assert read_server("smtp://127.0.0.1").plain
    assert not read_server("smtp://mail.example.org").plain
    found = read_server("smtps://a%40b:p%3Aw@mail.example.org")
    assert (found.port, found.at_once, found.user, found.password) == (465, True, "a@b", "p:w")


@pytest.mark.parametrize(
    "changed",
    [
        {"mail_from": "nobody"},
        {"bulletin_to": "a@b\nBcc: c@d"},
        {"mail_url": "http://127.0.0.1"},
        {"mail_url": "smtps://"},
    ],
)
def test_settings_that_are_no_addresses_are_refused(changed: dict[str, str]):
    with pytest.raises(FlowctlError, match=r"MAIL|BULLETIN"):
        read_letters(mail_settings(25, **changed))


def test_a_practice_sends_nothing(tmp_path: Path):
    practice = mail_settings(25, practice=DAY, sms_file=tmp_path / "sms.jsonl")
    assert read_letters(practice) is None
