"""Settings: addresses and credentials only, read once from ``FLOWCTL_…``.

How a gate behaves is a site's data, never a setting. Secrets may stand in files in place of the
environment: of the folder that ``FLOWCTL_SECRETS_DIR`` names (``/run/secrets`` in a container), the
file ``flowctl_secret`` is ``FLOWCTL_SECRET``, and so for every other setting.
"""

import os
from collections.abc import Mapping
from datetime import date, time
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

DEMO_SECRET = "demo-only-secret-never-for-a-real-gate"  # noqa: S105 - refused outside demo below
_LEAST_SECRET = 32
_ROLE = "(operator|officer|planner|haulier|administrator)"
_ROLES = rf"^({_ROLE}(,{_ROLE})*)?$"
_SCANNER = r"^clamd://([^/?#@\s]+:\d{1,5}|/[^?#\s]+)$"


class KeySettings(BaseSettings):
    """What checking a signature needs: who only checks has no secret of the site."""

    # An empty variable is one that was left out, as in an .env that names what it does not set.
    model_config = SettingsConfigDict(env_prefix="FLOWCTL_", frozen=True, env_ignore_empty=True)

    ledger_key_file: Path | None = None
    """The private key that signs the ledger's heads; without one they are not signed."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read files of secrets behind arguments and the environment."""
        del dotenv_settings, file_secret_settings  # neither is named by the class
        read = (init_settings, env_settings)
        folder = _secrets_dir()
        if folder is None or not folder.is_dir():  # the validator below says what is wrong with it
            return read
        return (*read, SecretsSettingsSource(settings_cls, secrets_dir=folder))

    @model_validator(mode="before")
    @classmethod
    def put_passwords_into_addresses(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put ``X_password`` into the address ``x_url``, which names its user and no password.

        Passwords that come in files need no escaping there.
        """
        folder = _secrets_dir()
        if folder is not None and not folder.is_dir():
            raise ValueError(
                f"FLOWCTL_SECRETS_DIR names {folder}, which is no folder; name the one that holds"
                " the secrets, or leave it unset"
            )
        held = {name: value for name, value in values.items() if value != ""}  # an empty file, too
        for name in [one for one in held if one.endswith("_password")]:
            field = f"{name.removesuffix('_password')}_url"
            password = held.pop(name)
            if password is None or field not in cls.model_fields:
                continue
            url = held.get(field) or cls.model_fields[field].default
            if url is None:
                raise ValueError(f"FLOWCTL_{field.upper()} must name what the password is for")
            held[field] = _with_password(url, password, field)
        return held


class ReadingSettings(KeySettings):
    """What reading stored days needs: who only reads them has no secret of the site."""

    database_url: str = "postgresql://flowctl@127.0.0.1:5432/flowctl"
    database_password: SecretStr | None = None
    """Goes into ``database_url``, as those below go into theirs."""
    site: str = "lang_son"
    clock_file: Path | None = None


class Settings(ReadingSettings):
    """Where things are and what opens them."""

    owner_url: str | None = None
    """The database for who migrates and owns the ledger; the other processes never hold it."""
    owner_password: SecretStr | None = None
    valkey_url: str = "redis://127.0.0.1:6379/0"
    """One server, or some nodes of a cluster: ``redis+cluster://one:6379,two:6379``."""
    valkey_password: SecretStr | None = None
    valkey_replicas: int = Field(default=0, ge=0, le=5)
    """On how many replicas of the position store a fix must be before its sender is told so."""
    mqtt_url: str = "mqtt://127.0.0.1:1883"
    """Broker of OwnTracks phones; ``mqtts://`` for TLS, user and password as in any address."""
    mqtt_password: SecretStr | None = None
    amqp_url: str = "amqp://127.0.0.1:5672/"
    """Broker of UFMS providers; ``amqps://`` for TLS."""
    amqp_password: SecretStr | None = None
    public_url: str = "http://127.0.0.1:8000"
    hosts: str = ""
    """Further names people may open us by, beside the public one and this machine: with commas."""
    proxies: str = "127.0.0.1,::1"
    """Whose word counts for who asks and how (X-Forwarded-For, -Proto): addresses and networks."""
    host: str = "127.0.0.1"
    port: int = 8000
    secret: SecretStr = Field(default=SecretStr(DEMO_SECRET))
    """Key of phone encryption, keyed hashes, links and sessions (each by its own derivation)."""
    old_secrets: SecretStr = SecretStr("")
    """Former secrets, one a line: what was made with one still opens, until
    ``flowctl key rotate`` has renewed all of it."""
    webhook_networks: str = ""
    """Networks of the site's own that events may be posted to, with commas: ``10.7.0.0/16``."""
    paper_dir: Path | None = None
    """Where the order on paper is written every hour; without one it is not."""
    sms_file: Path | None = None
    """Where messages are written in place of being sent; short for one gateway of kind file."""
    gateways_file: Path | None = None
    """The gateways messages go by (see deploy/gateways); without one, ``sms_file``."""
    totp_roles: str = Field(default="", pattern=_ROLES)
    """The roles that must prove themselves by an authenticator, too, with commas."""
    oidc_issuer: str | None = None
    """The address of an OpenID Connect provider by which people may sign in; none: they cannot."""
    oidc_client_id: str = ""
    oidc_secret_file: Path | None = None
    oidc_name: str = "OpenID"
    """What the button calls the provider."""
    mail_url: SecretStr | None = None
    """The server that takes mail: ``smtps://user:password@host:465``, or ``smtp://host:587``, which
    must offer STARTTLS unless it is this machine. None: nothing is sent by mail."""
    mail_from: str = ""
    """Who mail is from: an address."""
    bulletin_to: str = ""
    """Who gets the daily bulletin by mail: addresses with commas between."""
    bulletin_language: str = Field(default="vi", pattern="^(vi|en)$")
    scanner: str | None = Field(default=None, pattern=_SCANNER)
    """ClamAV's daemon, ``clamd://host:3310`` or ``clamd:///run/clamav/clamd.ctl``, which every
    document must pass before anybody is given it. None: documents are not scanned."""
    simulator_workers: int = Field(default=2, ge=1, le=64)
    """How many replications of a run the simulator plays at once."""
    demo: bool = False
    practice: date | None = None
    """The day that a practice copies, set by ``flowctl practice`` alone: nothing here is real."""
    practice_begins: time = time(7)
    practice_speed: float = 10.0
    """From which local hour people practise, and how fast time runs at first; what pages say."""

    @model_validator(mode="after")
    def refuse_plain_provider(self) -> Self:
        """Refuse a provider that anybody on the way could imitate."""
        if self.oidc_issuer is None:
            return self
        where = urlsplit(self.oidc_issuer)
        if where.scheme != "https" and where.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("FLOWCTL_OIDC_ISSUER must be an https:// address")
        if not self.oidc_client_id:
            raise ValueError("FLOWCTL_OIDC_CLIENT_ID must be set where there is an issuer")
        return self

    @model_validator(mode="after")
    def refuse_plain_links(self) -> Self:
        """Outside the demo, links that lead to this machine alone may be without TLS."""
        where = urlsplit(self.public_url)
        inner = where.hostname in {"127.0.0.1", "::1", "localhost"}
        if not self.demo and where.scheme != "https" and not inner:
            raise ValueError(
                f"FLOWCTL_PUBLIC_URL must be an https:// address, not {self.public_url}: drivers"
                " and officers open it over networks of others"
            )
        return self

    @model_validator(mode="after")
    def refuse_wrong_networks(self) -> Self:
        """Refuse what is no network before anything is let through or kept out by it."""
        for name in ("proxies", "webhook_networks"):
            for one in networks(getattr(self, name)):
                try:
                    ip_network(one)
                except ValueError as error:
                    raise ValueError(
                        f"FLOWCTL_{name.upper()} names {one!r}, which is no network: {error}"
                    ) from error
        return self

    @model_validator(mode="after")
    def refuse_demo_secret(self) -> Self:
        """Outside the demo, a secret somebody could know is no secret."""
        value = self.secret.get_secret_value()
        if not self.demo and any(
            one == DEMO_SECRET or len(one) < _LEAST_SECRET
            for one in (value, *lines(self.old_secrets.get_secret_value()))
        ):
            raise ValueError(
                "FLOWCTL_SECRET must be set to at least 32 characters outside the demo, and so must"
                " each of FLOWCTL_OLD_SECRETS; "
                "make one with: openssl rand -hex 32"
            )
        return self

    @model_validator(mode="after")
    def refuse_to_practise_on_people(self) -> Self:
        """In a practice messages go to a file, whoever else is named."""
        if self.practice is not None and (self.gateways_file is not None or self.sms_file is None):
            raise ValueError(
                "FLOWCTL_PRACTICE writes messages to FLOWCTL_SMS_FILE alone: drivers are invented,"
                " and their numbers may be somebody's; unset FLOWCTL_GATEWAYS_FILE."
            )
        return self


def _secrets_dir() -> Path | None:
    named = os.environ.get("FLOWCTL_SECRETS_DIR")
    return Path(named) if named else None


def find_secret(name: str, environment: Mapping[str, str]) -> str:
    """Return what the environment holds, or else the file of secrets so named; empty: neither."""
    folder = environment.get("FLOWCTL_SECRETS_DIR")
    if environment.get(name) or not folder:
        return environment.get(name, "").strip()
    file = Path(folder, name.lower())
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _with_password(url: str, password: object, field: str) -> str:
    text = password.get_secret_value() if isinstance(password, SecretStr) else str(password)
    scheme, _, rest = url.partition("://")
    user, _, place = rest.rpartition("@")
    # Of a store that knows passwords and no users the address has neither.
    if ":" in user:
        name = field.removesuffix("_url").upper()
        raise ValueError(
            f"FLOWCTL_{name}_URL holds a password already; leave it out there, or FLOWCTL_{name}"
            "_PASSWORD"
        )
    return f"{scheme}://{user}:{quote(text, safe='')}@{place}"


def lines(text: str) -> list[str]:
    """Return the lines of a setting that are not empty."""
    return [one for line in text.splitlines() if (one := line.strip())]


def networks(text: str) -> list[str]:
    """Return the networks, or addresses, that a setting names with commas."""
    return [one for part in text.split(",") if (one := part.strip())]


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings, read from the environment at the first call."""
    return Settings()
