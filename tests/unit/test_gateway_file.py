"""The file of gateways: what it may say, and what is said of its faults."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.notify.file import FileGateway
from flowctl.notify.gateway_file import FileAccount, open_gateways, read_gateways
from flowctl.notify.http import HttpAccount, HttpGateway
from flowctl.notify.smpp import SmppAccount, SmppGateway
from flowctl.notify.smpp_pdu import Address
from flowctl.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "deploy" / "gateways"
SECRETS = {
    "SMPP_PASSWORD": "s3cret",
    "KANNEL_PASSWORD": "k",
    "ESMS_API_KEY": "a",
    "ESMS_SECRET_KEY": "b",
}
SMPP = """
[[gateway]]
name = "one"
kind = "smpp"
host = "h"
port = 2775
system_id = "me"
password_env = "SMPP_PASSWORD"
source = "LANGSON"
rate_per_s = 10
window = 5
"""
HTTP = """
[[gateway]]
name = "two"
kind = "http"
method = "GET"
url = "https://sms.example/send"
query = {to = "{phone}", text = "{message}"}
rate_per_s = 10
window = 5
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "gateways.toml"
    path.write_text(text)
    return path


def test_the_examples_are_fit_for_use_and_prices_are_exact():
    [smpp] = read_gateways(EXAMPLES / "smpp.toml", SECRETS)
    [kannel] = read_gateways(EXAMPLES / "kannel.toml", SECRETS)
    [esms] = read_gateways(EXAMPLES / "esms.toml", SECRETS)
    assert isinstance(smpp, SmppAccount)
    assert (smpp.bind.password, smpp.source, smpp.link.tls) == (
        "s3cret",
        Address("LANGSON", 5, 0),
        True,
    )
    assert smpp.tariff is not None
    assert smpp.tariff.find_price("+84903123456") == Decimal(350)
    assert isinstance(kannel, HttpAccount)
    assert isinstance(esms, HttpAccount)
    assert esms.secrets["api_key"] == SecretStr("a")


def test_who_only_wants_to_know_which_gateways_there_are_needs_no_secret():
    assert [one.name for one in read_gateways(EXAMPLES / "esms.toml")] == ["esms"]


def test_gateways_are_opened_in_the_order_of_the_file_which_stands_before_the_messages_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SMPP_PASSWORD", "s3cret")
    path = written(tmp_path, f'{HTTP}{SMPP}[[gateway]]\nname="f"\nkind="file"\npath="a.jsonl"')
    assert read_gateways(path)[2] == FileAccount("f", tmp_path / "a.jsonl")
    secret = SecretStr("x" * 32)
    settings = Settings(secret=secret, gateways_file=path, sms_file=tmp_path / "b.jsonl")
    opened = open_gateways(settings, inbound=None)  # type: ignore[arg-type]
    assert [type(one) for one in opened] == [HttpGateway, SmppGateway, FileGateway]
    [only] = open_gateways(Settings(secret=secret, sms_file=tmp_path / "b"), inbound=None)  # type: ignore[arg-type]
    assert only.name == "file"
    assert open_gateways(Settings(secret=secret), inbound=None) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'field "gateway": is missing'),
        ("gateway = 3", "must be tables"),
        ("[[gateway]", "is no TOML"),
        (SMPP + "windw = 3", 'one, field "windw": is not known here, did you mean "window"'),
        (SMPP.replace("smpp", "smp"), '"smp" is no known kind of gateway, did you mean "smpp"'),
        (SMPP + SMPP, "is the name of a gateway before it"),
        (SMPP.replace("2775", "99999"), 'field "port": 99999 must be within 1'),
        (SMPP.replace("password_env", "password"), "a secret does not stand in this file"),
        (SMPP.replace("SMPP_P", "NO_SUCH_P"), "the environment has no NO_SUCH_PASSWORD"),
        (SMPP + 'password_file = "x"', "not both"),
        (SMPP.replace("password_env", "password_file"), "SMPP_PASSWORD cannot be read"),
        (SMPP.replace("LANGSON", "A NAME TOO LONG"), "longer than the 11 letters"),
        (SMPP + "refused_codes = ['x']", "must be a list of numbers"),
        (SMPP + 'currency = "VND"\nprice_per_part = {"84" = 350}', "how a number begins"),
        (SMPP + 'currency = "dong"\nprice_per_part = {"+84" = "x"}', "'x' is not a price"),
        (HTTP.replace("{phone}", "{fone}"), "{fone} is nothing that can be filled in, did"),
        (HTTP.replace("{message}", "hello"), "names {message} nowhere"),
        (HTTP.replace("{phone}", "1"), "names {phone} nowhere"),
        (HTTP.replace("https", "ftp"), "must begin with http"),
        (HTTP + "form = {a = 'b'}\njson = {a = 'b'}", "one body"),
        (HTTP + "request_id = 'x'", "must hold {id}"),
        (HTTP + "verdict = {code_json = 'a'}", 'field "taken": is missing'),
        (HTTP + "verdict = {taken = ['1']}", 'field "code_json": is missing'),
        (HTTP + "verdict = {code_regex = '(', taken = ['1']}", "no regular expression"),
        (HTTP + "verdict = {code_regex = 'x', taken = ['1']}", "must have one group"),
        (HTTP + "verdict = {status = [2]}", "list of HTTP statuses"),
        (HTTP + "receipt = {reference = 'r', delivered = [], failed = [1]}", "list of cases"),
        (HTTP + "secrets = {message_env = 'X'}", "has a meaning already"),
    ],
)  # fmt: skip
def test_each_fault_is_a_sentence(tmp_path: Path, text: str, said: str):
    with pytest.raises(FlowctlError) as caught:
        read_gateways(written(tmp_path, text), SECRETS)
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_all_faults_are_found_at_once_and_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(FlowctlError) as caught:
        read_gateways(written(tmp_path, SMPP.replace("2775", "0") + "windw = 3"), SECRETS)
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(FlowctlError, match="cannot be read"):
        read_gateways(tmp_path / "none.toml", SECRETS)
