from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from border import SITE
from builders import MESSAGE_KINDS, at

from flowctl.alarms.alerts import CHEATING
from flowctl.errors import FlowctlError
from flowctl.notify.texts import Facts, catalogue, without_accents, write_text
from flowctl.site import Site
from flowctl.site_files import load_site
from flowctl.storage.penalties import CANCELLATION, CARRIED_OVER, NO_SHOW

LANG_SON = load_site(SITE)
FACTS = Facts(
    plate="12C12345",
    link="https://gate.example/d/abcdefghijkl",
    gate="huu_nghi",
    yard="yard_xuan_cuong",
    starts_at=at("17:45"),
    ends_at=at("17:45") + timedelta(minutes=15),
    reason="capacity",
    offence="ghost_booking",
    minutes="60",
    until=at("17:45"),
    code="K7Q2M9XA",
    n="37",
    why="called",
    plates="12C12345, 29H67120",
)


@pytest.mark.parametrize("kind", MESSAGE_KINDS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_text_in_plain_letters_is_one_message(kind: str, language: str):
    text = write_text(LANG_SON, kind=kind, language=language, facts=FACTS, where="sms")
    assert text.isascii()
    assert len(text) <= 160
    assert "12C12345" in text
    assert "{" not in text


@pytest.mark.parametrize("kind", MESSAGE_KINDS)
def test_a_chinese_text_is_at_most_two_parts(kind: str):
    text = write_text(LANG_SON, kind=kind, language="zh", facts=FACTS, where="sms")
    assert len(text) <= 2 * 67
    assert not text.isascii()


@pytest.mark.parametrize("kind", ["slot", "slot_changed"])
@pytest.mark.parametrize("language", ["vi", "zh", "en"])
def test_a_slot_comes_with_the_code_of_the_ledger(kind: str, language: str):
    for where in ("sms", "page"):
        text = write_text(LANG_SON, kind=kind, language=language, facts=FACTS, where=where)
        assert "#K7Q2M9XA" in text


def test_times_are_those_of_the_gates():
    for language, date in [("vi", "23/01"), ("en", "23/01"), ("zh", "1月23日")]:
        text = write_text(LANG_SON, kind="slot", language=language, facts=FACTS, where="sms")
        assert "17:45" in text
        assert "18:00" in text
        assert date in text


@pytest.mark.parametrize("kind", ["slot", "slot_changed", "reply_status", "reply_accepted"])
def test_a_chinese_driver_reads_the_time_of_his_own_clock_beside_the_gates(kind: str):
    def said(site: Site) -> str:
        return write_text(site, kind=kind, language="zh", facts=FACTS, where="sms")

    assert "17:45-18:00(北京时间18:45)" in said(LANG_SON)
    assert "北京时间" not in said(replace(LANG_SON, other_timezone=None))
    assert "(" not in said(replace(LANG_SON, other_timezone=ZoneInfo("Asia/Vientiane")))
    assert "(对方时间19:45)" in said(replace(LANG_SON, other_timezone=ZoneInfo("Asia/Tokyo")))


@pytest.mark.parametrize(
    ("plate", "said"), [("桂F12345", "GuiF12345"), ("29ĐA1234", "29DA1234"), ("12C1", "12C1")]
)
def test_a_plate_costs_no_text_of_another_alphabet(plate: str, said: str):
    facts = replace(FACTS, plate=plate)
    for language in ("vi", "en"):
        text = write_text(LANG_SON, kind="passed", language=language, facts=facts, where="sms")
        assert said in text
        assert text.isascii()
    for language, where in (("zh", "sms"), ("vi", "page")):
        assert plate in write_text(
            LANG_SON, kind="passed", language=language, facts=facts, where=where
        )


def test_the_page_says_it_with_accents():
    sms = write_text(LANG_SON, kind="slot_changed", language="vi", facts=FACTS, where="sms")
    page = write_text(LANG_SON, kind="slot_changed", language="vi", facts=FACTS, where="page")
    assert "Huu Nghi" in sms
    assert "Hữu Nghị" in page
    assert without_accents(page) != page


def test_a_gate_the_catalogue_does_not_know_goes_by_its_name_in_plain_letters():
    facts = Facts(plate="12C12345", link="x", gate="lao_cai")
    text = write_text(LANG_SON, kind="passed", language="vi", facts=facts, where="sms")
    assert "lao_cai" in text


def test_a_text_is_never_sent_with_a_hole_in_it():
    facts = Facts(plate="12C12345", link="x")
    with pytest.raises(FlowctlError, match="'gate'"):
        write_text(LANG_SON, kind="passed", language="vi", facts=facts, where="sms")


def test_a_kind_or_language_without_words_is_named():
    with pytest.raises(FlowctlError, match="'greeting'"):
        write_text(LANG_SON, kind="greeting", language="vi", facts=FACTS, where="sms")
    with pytest.raises(FlowctlError, match="kind 'gate'"):
        write_text(LANG_SON, kind="gate", language="vi", facts=FACTS, where="sms")
    with pytest.raises(FlowctlError, match="'fr'"):
        write_text(LANG_SON, kind="slot", language="fr", facts=FACTS, where="sms")


def test_vietnamese_in_plain_letters():
    assert without_accents("Đường về Hữu Nghị, xin chờ") == "Duong ve Huu Nghi, xin cho"


OFFENCES = sorted(map(str, CHEATING))


@pytest.mark.parametrize("kind", [*OFFENCES, NO_SHOW, CANCELLATION, CARRIED_OVER])
def test_every_offence_that_can_cost_something_has_its_own_words(kind: str):
    facts = replace(FACTS, offence=kind)
    for language in ("vi", "zh", "en"):
        for where in ("sms", "page"):
            said = write_text(LANG_SON, kind="penalty", language=language, facts=facts, where=where)
            assert catalogue(language)[where]["offence"][kind] in said
