"""What a trip owes by a schedule, and schedules that cannot be."""

from datetime import UTC, datetime, timedelta

import pytest

from flowctl.errors import SiteError
from flowctl.fees.file import fees_faults, parse_fees, read_fees
from flowctl.fees.schedule import Stay, Why, Withheld, due, spread

HEAD = """
version = "1"
valid_from = 2024-01-01T00:00:00+07:00
"""
NAME = 'name = { vi = "Phí", zh = "费", en = "Fee" }'
WAY = f"""
[[service]]
id = "way"
{NAME}
[[service.rate]]
amount_vnd = 100_000
applies = {{ weight_class = ["light"] }}
[[service.rate]]
amount_vnd = 300_000
applies = {{ weight_class = ["heavy"] }}
"""
SANG_TAI = f"""
[[service]]
id = "sang_tai"
{NAME}
after = "customs"
applies = {{ handover = ["transshipment"] }}
[[service.rate]]
amount_vnd = 50_000
"""
PARKING = f"""
[[service]]
id = "parking"
{NAME}
per = "day"
free_h = 4
[[service.rate]]
amount_vnd = 40_000
"""
SCHEDULE = parse_fees(HEAD + WAY + SANG_TAI + PARKING, where="fees.toml")
MORNING = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
KNOWN = {
    "gate": ("north",),
    "goods_class": ("fruit",),
    "weight_class": ("light", "heavy"),
    "handover": ("driver_swap", "transshipment"),
}


def after(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


def problems(text: str) -> list[str]:
    """Return what is wrong with a schedule at a site with a gate, and the stage ``customs``."""
    found: list[str] = []
    schedule = read_fees(text, "fees.toml", found)
    if schedule is None or found:
        return found
    return list(fees_faults(schedule, KNOWN, ["customs"], "fees.toml"))


def test_a_truck_pays_by_its_weight_class_and_each_line_says_why():
    dues = due(SCHEDULE, {"weight_class": "heavy"}, (), (), until=MORNING)
    [line] = dues.lines
    assert (line.service, line.amount_vnd, line.why) == ("way", 300_000, Why.FACTS)
    assert line.values == {"weight_class": "heavy"}
    assert dues.total_vnd == 300_000


def test_what_asks_for_a_fact_nobody_declared_is_withheld_until_it_is_known():
    dues = due(SCHEDULE, {}, (), (), until=MORNING)
    assert dues.lines == ()
    assert dues.withheld == (Withheld("way", fact="weight_class"),)


def test_no_transshipment_is_paid_before_customs_settled_the_goods():
    facts = {"weight_class": "light", "handover": "transshipment"}
    before = due(SCHEDULE, facts, (), ["customs"], until=MORNING)
    assert before.withheld == (Withheld("sang_tai", stage="customs"),)
    assert before.total_vnd == 100_000
    assert due(SCHEDULE, facts, (), (), until=MORNING).total_vnd == 150_000


def test_who_hands_over_otherwise_pays_for_no_transshipment():
    dues = due(SCHEDULE, {"weight_class": "light"}, (), ["customs"], until=MORNING)
    assert dues.total_vnd == 100_000
    assert dues.withheld == ()


@pytest.mark.parametrize(
    ("hours", "days"), [(3.9, 0), (4, 0), (4.1, 1), (28, 1), (28.1, 2), (100, 4)]
)
def test_each_started_day_beyond_the_free_hours_is_paid(hours: float, days: int):
    dues = due(SCHEDULE, {"weight_class": "light"}, [Stay(MORNING)], (), until=after(hours))
    parking = {line.service: line for line in dues.lines}.get("parking")
    assert (0 if parking is None else parking.amount_vnd) == days * 40_000
    if parking is not None:
        assert (parking.why, parking.values["days"]) == (Why.DAYS, days)


def test_days_end_when_the_truck_leaves_the_yard():
    stay = [Stay(MORNING, after(5))]
    assert due(SCHEDULE, {"weight_class": "light"}, stay, (), until=after(99)).total_vnd == 140_000


def test_a_payment_covers_lines_in_their_order_and_a_refund_what_was_paid_too_much_first():
    lines = {"way": 300_000, "parking": 40_000}
    assert spread(310_000, lines, {}) == {"way": 300_000, "parking": 10_000}
    assert spread(30_000, lines, {"way": 300_000, "parking": 10_000}) == {"parking": 30_000}
    cheaper = {"way": 100_000, "parking": 40_000}
    covered = {"way": 300_000, "parking": 40_000}
    assert spread(-200_000, cheaper, covered) == {"way": -200_000}
    assert spread(-340_000, lines, covered) == {"way": -300_000, "parking": -40_000}


def test_a_schedule_fit_for_use_has_no_problems():
    assert problems(HEAD + WAY + SANG_TAI + PARKING) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[service]]\nid = "x"', 'field "rate": is missing'),
        (WAY + WAY, '"way" is there twice'),
        (WAY.replace("100_000", "-1"), "-1 must be within 0 … 1e+09"),
        (WAY.replace("100_000", "5_000_000_000"), "5e+09 must be within"),
        (WAY.replace("100_000", "100.5"), "100.5 must be a whole number"),
        (WAY.replace('["heavy"]', '["light", "heavy"]'), "rates 1 and 2 are both for the same"),
        (WAY.replace('["heavy"]', '["hevy"]'), '"hevy" is no weight_class, did you mean "heavy"?'),
        (WAY.replace("weight_class", "wieght_class"), 'did you mean "weight_class"?'),
        (
            WAY.split("[[service.rate]]\namount_vnd = 300", maxsplit=1)[0],
            "no rate is for a trip with",
        ),
        (SANG_TAI.replace('"customs"', '"custom"'), '"custom" is no stage of workflow.toml'),
        (PARKING.replace('per = "day"', 'per = "week"'), '"week" is no known unit'),
        (PARKING.replace('per = "day"', ""), "is for a service by days"),
        (WAY + "[extra]\nx = 1", '"extra": is not known here'),
        ("version = ", "is no TOML"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_what_is_wrong(text: str, sentence: str):
    head = "" if "no TOML" in sentence else HEAD
    assert any(sentence in one for one in problems(head + text)), problems(head + text)


def test_all_problems_are_named_at_once():
    text = HEAD + WAY.replace("100_000", "-1").replace("300_000", "-2")
    with pytest.raises(SiteError) as refused:
        parse_fees(text, where="fees.toml")
    assert len(str(refused.value).splitlines()) == 2


def test_a_stage_is_named_in_vain_where_the_site_has_no_workflow():
    schedule = parse_fees(HEAD + SANG_TAI, where="fees.toml")
    [sentence] = fees_faults(schedule, {"gate": ("north",)}, None, "fees.toml")
    assert "the site has no workflow.toml" in sentence
