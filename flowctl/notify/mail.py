"""The daily bulletin by mail, repeated until everybody it goes to has it.

One letter a person, so that a refused address holds nobody up and no try reaches anybody twice. The
line is encrypted, unless the server is on this machine. Addresses stand in the settings alone; what
is noted of who has a letter is a keyed hash.
"""

import hashlib
import hmac
import ipaddress
import smtplib
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from threading import Event
from urllib.parse import unquote, urlsplit

import psycopg
import structlog

from flowctl.bulletin.document import day_text
from flowctl.bulletin.forms import document_of, write_bulletin
from flowctl.bulletin.html import write_html
from flowctl.errors import FlowctlError
from flowctl.notify.texts import catalogue
from flowctl.settings import Settings
from flowctl.storage import connections
from flowctl.storage.bulletin_mails import (
    Connection,
    Mail,
    claim_mail,
    close_mail,
    note_reached,
    postpone_mail,
)
from flowctl.storage.bulletins import Bulletin, find_bulletin

_log = structlog.get_logger()
_ATTACHED = ("pdf", "xlsx", "csv")
_LONGEST_TROUBLE = 300
_LONGEST_ADDRESS = 254
_LOOK_EVERY_S = 2.0
_AWAY_S = 5.0
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailParams:
    """How mail is tried; assumed, as for webhooks.

    The n-th retry waits ``first_retry_s`` · ``growth``ⁿ, at most ``longest_retry_s``; after
    ``attempts`` tries, in a day, a mail is given up until somebody sends it again. A server has
    ``timeout_s`` for each word, and a try nobody ended within ``lease_s`` is made again.
    """

    first_retry_s: float = 30.0
    growth: float = 4.0
    longest_retry_s: float = 21_600.0
    attempts: int = 8
    timeout_s: float = 20.0
    lease_s: float = 600.0


PARAMS = MailParams()


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and how the line is encrypted: at once, after STARTTLS, or not."""

    host: str
    port: int
    at_once: bool
    plain: bool
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Letters:
    """What the settings say of mail: the server, from whom, to whom, in which language."""

    server: MailServer
    sender: str
    to: tuple[str, ...]
    language: str
    key: bytes


def read_letters(settings: Settings) -> Letters | None:
    """Return how bulletins are sent; None where they are not, and never in a practice.

    Raises
    ------
    FlowctlError
        An address is none, or something is missing.
    """
    if settings.mail_url is None or settings.practice is not None:
        return None
    to = tuple(one.strip() for one in settings.bulletin_to.split(",") if one.strip())
    if not to:
        return None
    return Letters(
        server=read_server(settings.mail_url.get_secret_value()),
        sender=_address(settings.mail_from, "FLOWCTL_MAIL_FROM"),
        to=tuple(_address(one, "FLOWCTL_BULLETIN_TO") for one in to),
        language=settings.bulletin_language,
        key=settings.secret.get_secret_value().encode(),
    )


def read_server(url: str) -> MailServer:
    """Return the server of an address.

    Raises
    ------
    FlowctlError
        It is no address of one; the sentence does not repeat it, for it may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in _PORTS or not host:
        raise FlowctlError(
            "FLOWCTL_MAIL_URL is no address of a mail server, such as"
            " smtps://user:password@mail.example.org:465."
        )
    return MailServer(
        host=host,
        port=port or _PORTS[parts.scheme],
        at_once=parts.scheme == "smtps",
        plain=parts.scheme == "smtp" and _is_loopback(host),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(text: str, setting: str) -> str:
    name, at, domain = text.rpartition("@")
    fit = bool(name and at and domain) and text.isprintable() and " " not in text
    if not fit or len(text) > _LONGEST_ADDRESS:
        raise FlowctlError(f"{setting} holds {text[:60]!r}, which is no address of mail.")
    return text


Connect = Callable[[MailServer], AbstractContextManager[smtplib.SMTP]]


def connect(server: MailServer, context: ssl.SSLContext | None = None) -> smtplib.SMTP:
    """Return a line to the server, encrypted and signed in as its address asks."""
    trusted = context or ssl.create_default_context()
    line: smtplib.SMTP
    if server.at_once:
        line = smtplib.SMTP_SSL(server.host, server.port, timeout=PARAMS.timeout_s, context=trusted)
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=PARAMS.timeout_s)
    try:
        if not (server.at_once or server.plain):
            line.starttls(context=trusted)
        if server.user:
            line.login(server.user, server.password)
    except BaseException:
        line.close()
        raise
    return line


def send_due(
    conn: Connection,
    letters: Letters,
    site: str,
    *,
    wall_now: datetime,
    connect: Connect = connect,
    params: MailParams = PARAMS,
) -> bool:
    """Send the bulletin that has been due longest to who has it not; tells whether there was any.

    ``conn`` is in autocommit mode: no transaction is open while the server takes its time.
    """
    until = wall_now + timedelta(seconds=params.lease_s)
    mail = claim_mail(conn, site, wall_now=wall_now, until=until, attempts=params.attempts)
    if mail is None:
        return False
    bulletin = find_bulletin(conn, site, mail.day, mail.version)
    if bulletin is None:
        postpone_mail(conn, mail, "its bulletin is gone", until=None)
        return True
    trouble = _send(conn, letters, mail, bulletin, wall_now, connect)
    if trouble is None:
        close_mail(conn, mail, wall_now=wall_now)
        return True
    over = mail.attempts >= params.attempts
    wait_s = min(
        params.first_retry_s * params.growth ** (mail.attempts - 1), params.longest_retry_s
    )
    retry_at = None if over else wall_now + timedelta(seconds=wait_s)
    postpone_mail(conn, mail, trouble, until=retry_at)
    _log.warning("bulletin not mailed", day=str(mail.day), reason=trouble, next_try=str(retry_at))
    return True


def _send(
    conn: Connection,
    letters: Letters,
    mail: Mail,
    bulletin: Bulletin,
    wall_now: datetime,
    connect: Connect,
) -> str | None:
    """Send to each who has it not; returns what went wrong."""
    left = [one for one in letters.to if _hash(letters, one) not in mail.reached]
    refused: list[str] = []
    try:
        with connect(letters.server) as line:
            for whom in left:
                try:
                    line.send_message(_letter(letters, bulletin, whom, wall_now))
                except smtplib.SMTPRecipientsRefused as error:
                    [(code, why)] = error.recipients.values()
                    refused.append(f"{code} {why.decode(errors='replace')}")
                else:
                    note_reached(conn, mail, _hash(letters, whom))
    except (smtplib.SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"[:_LONGEST_TROUBLE]
    if not refused:
        return None
    return f"{len(refused)} of {len(letters.to)} refused: {refused[0]}"[:_LONGEST_TROUBLE]


def _hash(letters: Letters, whom: str) -> bytes:
    return hmac.digest(letters.key, b"bulletin to " + whom.casefold().encode(), hashlib.sha256)


def _letter(letters: Letters, bulletin: Bulletin, whom: str, wall_now: datetime) -> EmailMessage:
    """Return the letter to one person: the page as its text, the files attached."""
    words = catalogue(letters.language)["page"]["bulletin"]
    said = {"name": bulletin.figures.name[letters.language], "day": day_text(bulletin.day)}
    letter = EmailMessage()
    letter["From"], letter["To"] = letters.sender, whom
    letter["Subject"] = words["mail_subject"].format(**said)
    letter["Date"] = format_datetime(wall_now)
    letter["Message-ID"] = make_msgid(domain=letters.sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(words["mail_body"].format(**said))
    letter.add_alternative(write_html(document_of(bulletin, letters.language)), subtype="html")
    for form in _ATTACHED:
        file = write_bulletin(bulletin, form, letters.language)
        kind, _, more = file.content_type.partition(";")[0].partition("/")
        letter.add_attachment(file.content, maintype=kind, subtype=more, filename=file.name)
    return letter


@contextmanager
def mailing(settings: Settings) -> Iterator[Future[None]]:
    """Send bulletins in a thread of their own, so that no server holds up a driver's message.

    Yields its end, which comes before its time where something is wrong.
    """
    letters, stop = read_letters(settings), Event()
    with ThreadPoolExecutor(1, "mail") as pool:
        running = pool.submit(_mail, settings, letters, stop)
        try:
            yield running
        finally:
            stop.set()


def _mail(settings: Settings, letters: Letters | None, stop: Event) -> None:
    while letters is not None and not stop.is_set():
        try:
            with connections.connect(settings.database_url, autocommit=True) as conn:
                while not stop.is_set():
                    if not send_due(conn, letters, settings.site, wall_now=datetime.now(UTC)):
                        stop.wait(_LOOK_EVERY_S)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            _log.warning("mail waits for the database", reason=str(error).strip())
            stop.wait(_AWAY_S)
    stop.wait()
