"""Secrets in files: what a deployment keeps out of its environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from flowctl.settings import Settings, find_secret

SECRET = "a-secret-for-this-test-alone-0123456789"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowctl_secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("FLOWCTL_SECRETS_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_secret_is_read_from_its_file_without_the_end_of_its_line():
    assert Settings().secret.get_secret_value() == SECRET


@pytest.mark.usefixtures("folder")
def test_what_the_environment_says_holds_against_a_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLOWCTL_SECRET", SECRET[::-1])
    assert Settings().secret.get_secret_value() == SECRET[::-1]


def test_passwords_go_into_addresses_escaped(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "flowctl_database_password").write_text("p@ss/w:rd#\n")
    (folder / "flowctl_valkey_password").write_text("abc\n")
    hosts = "one:5432,two:5432/flowctl?target_session_attrs=read-write"
    monkeypatch.setenv("FLOWCTL_DATABASE_URL", f"postgresql://app@{hosts}")
    monkeypatch.setenv("FLOWCTL_VALKEY_URL", "redis://valkey:6379/0")
    settings = Settings()
    assert settings.database_url == f"postgresql://app:p%40ss%2Fw%3Ard%23@{hosts}"
    assert settings.valkey_url == "redis://:abc@valkey:6379/0"
    assert settings.owner_url is None
    assert settings.database_password is None


def test_an_address_with_a_password_and_a_file_of_one_are_refused_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    (folder / "flowctl_database_password").write_text("abc")
    monkeypatch.setenv("FLOWCTL_DATABASE_URL", "postgresql://app:other@one/flowctl")
    with pytest.raises(ValidationError, match="FLOWCTL_DATABASE_URL holds a password already"):
        Settings()


def test_a_password_without_an_address_is_refused(folder: Path):
    (folder / "flowctl_owner_password").write_text("abc")
    with pytest.raises(ValidationError, match="FLOWCTL_OWNER_URL"):
        Settings()


def test_a_folder_that_is_not_there_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLOWCTL_SECRETS_DIR", str(folder / "none"))
    with pytest.raises(ValidationError, match=r"FLOWCTL_SECRETS_DIR names .*none, which is no fol"):
        Settings()


def test_an_empty_file_is_a_setting_left_out(folder: Path):
    (folder / "flowctl_mail_url").write_text("\n")
    (folder / "flowctl_owner_password").write_text("")
    assert Settings().mail_url is None


def test_what_a_gateway_asks_the_environment_for_may_stand_in_a_file(folder: Path):
    (folder / "smpp_password").write_text("s3cret\n")
    environment = {"FLOWCTL_SECRETS_DIR": str(folder)}
    assert find_secret("SMPP_PASSWORD", environment) == "s3cret"
    assert find_secret("SMPP_PASSWORD", environment | {"SMPP_PASSWORD": "other"}) == "other"
    assert not find_secret("ESMS_API_KEY", environment)
    assert not find_secret("SMPP_PASSWORD", {})
