"""What drivers read of the order: every reason has its own words, and places go by their names."""

from datetime import timedelta

import msgspec
import pytest
from border import SITE
from builders import at

from flowctl.alarms.alerts import Kind as AlertKind
from flowctl.dispatch.reasons import Reason
from flowctl.hand import OTHER, reasons_of
from flowctl.ledger.chain import Row
from flowctl.ledger.entries import Kind
from flowctl.notify.texts import catalogue
from flowctl.notify.why import history_sentence, reason_text
from flowctl.policy import HandRules
from flowctl.site_files import load_site
from flowctl.storage.penalties import CANCELLATION, CARRIED_OVER, NO_SHOW

LANG_SON = load_site(SITE)
LANGUAGES = ("vi", "zh", "en")
SUBJECT = "0b0e7a3e-0000-4000-8000-000000000001"


def row(kind: Kind, reason: str | None = None, **details: str | int) -> Row:
    return Row(
        actor="flowctl",
        at=at("08:20"),
        details=msgspec.Raw(msgspec.json.encode(details)),
        gate="tan_thanh",
        kind=str(kind),
        others=[],
        policy="default",
        previous="",
        reason=reason,
        recorded_at=at("08:20"),
        seq=1,
        site="lang_son",
        subject=SUBJECT,
    )


def told(language: str, said: Row) -> str:
    sentence = history_sentence(LANG_SON, language, said, subject=SUBJECT)
    assert sentence is not None
    return sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_the_ledger_may_hold_has_words_of_its_own(language: str):
    other = catalogue(language)["page"]["why"]["reason"]["other"]
    reasons = [*Reason, *AlertKind, NO_SHOW, CANCELLATION, CARRIED_OVER]
    assert [reason for reason in reasons if reason_text(language, reason) == other] == []
    assert reason_text(language, "of tomorrow") == other


def test_a_penalty_for_what_an_alert_found_says_what_that_was():
    said = row(Kind.PENALTY, AlertKind.UNRELEASED, loses_s=3600)
    assert told("vi", said).endswith("bị lùi 60 phút: Đến cửa khẩu khi chưa được gọi.")
    assert told("en", said).endswith("set back by 60 minutes: At the gate uncalled.")


def test_a_yards_own_name_says_what_it_is():
    yards = {"yard": "yard_bao_nguyen", "to_yard": "yard_xuan_cuong"}
    ends = (at("08:20") + timedelta(hours=1)).isoformat()
    assert " vào Bãi Bảo Nguyên: " in told("vi", row(Kind.ARRIVED, proof="fixes", **yards))
    assert " từ Bãi Bảo Nguyên sang Bãi Xuân Cương," in told("vi", row(Kind.MOVED, **yards))
    called = told("vi", row(Kind.RELEASED, expires_at=ends, **yards))
    assert called.endswith("được gọi rời Bãi Bảo Nguyên ra cửa khẩu Tân Thanh.")


def test_what_an_operator_did_is_told_with_the_reason_he_chose():
    held = row(Kind.HELD, "quarantine", act=3)
    assert told("vi", held).endswith("điều hành tạm giữ xe: kiểm dịch.")
    assert told("zh", held).endswith("调度员暂扣车辆：检疫。")
    pinned = row(Kind.PINNED, "appointment", act=4, starts_at=at("09:00").isoformat())
    assert "09:00" in told("en", pinned)
    for kind in (Kind.HOLD_ENDED, Kind.UNPINNED, Kind.FORWARDED, Kind.FORWARD_ENDED):
        assert "—" not in told("vi", row(kind, "medical", act=5))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_an_act_has_words_of_its_own(language: str):
    other = catalogue(language)["page"]["why"]["reason"]["other"]
    codes = {code for known in reasons_of(HandRules()).values() for code in known} - {OTHER}
    assert [code for code in codes if reason_text(language, code) == other] == []
