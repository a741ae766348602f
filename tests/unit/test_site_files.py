"""What `check` finds in a site's files: each test spoils one thing of a sound site."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tiny_site import ROADS, ZONES, Features, box, write_site

from flowctl.errors import SiteError
from flowctl.site import UnknownDevices
from flowctl.site_files import SiteSource, check, load_site, parse_site, read_source
from flowctl.site_tables import LANGUAGES


def only_problem(folder: Path) -> str:
    problems = check(folder)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_site_has_no_problems(tmp_path: Path):
    assert check(write_site(tmp_path)) == []


def test_a_site_is_read_with_its_gates_yards_and_rules(tmp_path: Path):
    site = load_site(write_site(tmp_path))
    assert (site.id, site.epsg, str(site.timezone)) == ("tiny", 32648, "Asia/Ho_Chi_Minh")
    gate = site.gate_by_id["north"]
    assert (gate.lanes, gate.inspection_places, gate.name["zh"]) == (2, 3, "北")
    assert gate.capacity_prior_per_h == pytest.approx(3 * 60 / 12.5)
    assert gate.opening.is_open(datetime(2024, 1, 22, 0, 0, tzinfo=UTC))
    assert not gate.opening.is_open(datetime(2024, 2, 9, 3, 0, tzinfo=UTC))
    assert site.yard_by_id["yard_south"].name == dict.fromkeys(LANGUAGES, "yard_south")
    assert site.visit.inner_m == 12.0
    assert site.visit.outer_m == 30.0
    assert [name for name, _ in site.roads] == list(ROADS)


OTHER_SIDE = """
[calendars.other.weekly]
monday = ["08:00-17:00"]
tuesday = ["08:00-17:00"]
wednesday = ["08:00-17:00"]
thursday = ["08:00-17:00"]
friday = ["08:00-17:00"]
saturday = []
sunday = []
[calendars.other]
timezone = "Asia/Shanghai"
[[gates]]
"""


def test_a_gate_is_open_while_both_sides_are_each_by_its_own_clock(tmp_path: Path):
    write_site(tmp_path, toml=("[[gates]]\n", OTHER_SIDE + 'opposite = "other"\n'))
    gate = load_site(tmp_path).gate_by_id["north"]
    assert gate.opening.is_open(datetime(2024, 1, 22, 8, 59, tzinfo=UTC))
    assert not gate.opening.is_open(datetime(2024, 1, 22, 9, 0, tzinfo=UTC))
    assert not gate.opening.is_open(datetime(2024, 1, 20, 3, 0, tzinfo=UTC))


def test_the_hours_of_the_other_side_are_not_taken_for_the_gates_own(tmp_path: Path):
    write_site(tmp_path, toml=("[[gates]]\n", OTHER_SIDE))
    text = (tmp_path / "site.toml").read_text(encoding="utf-8")
    mixed = text.replace('calendar = "goods"', 'calendar = "other"')
    (tmp_path / "site.toml").write_text(mixed, encoding="utf-8")
    problem = only_problem(tmp_path)
    assert "kept in Asia/Shanghai, the site in Asia/Ho_Chi_Minh" in problem
    assert '"opposite"' in problem


def test_the_calendar_of_the_other_side_must_be_there_and_in_a_real_time_zone(tmp_path: Path):
    write_site(tmp_path, toml=("[[gates]]\n", '[[gates]]\nopposite = "othr"\n'))
    assert 'field "opposite": "othr" is no known calendar' in only_problem(tmp_path)
    spoilt = OTHER_SIDE.replace("Shanghai", "Shanghay")
    write_site(tmp_path, toml=("[[gates]]\n", spoilt))
    assert 'did you mean "Asia/Shanghai"' in only_problem(tmp_path)


def test_a_site_that_does_not_say_holds_unknown_devices_and_keeps_fixes_a_year(tmp_path: Path):
    site = load_site(write_site(tmp_path))
    assert site.unknown_devices is UnknownDevices.HOLD
    assert (site.fixes_kept_days, site.aside_kept_days) == (365, 90)
    assert (site.trips_kept_days, site.numbers_kept_days) == (365, 30)


def test_a_site_says_what_becomes_of_unknown_devices_and_how_long_fixes_are_kept(tmp_path: Path):
    kept = "[retention]\nfixes_days = 30\ntrips_days = 60\n"
    said = f'[telemetry]\nunknown_devices = "refuse"\n{kept}[visit]\n'
    site = load_site(write_site(tmp_path, toml=("[visit]\n", said)))
    assert site.unknown_devices is UnknownDevices.REFUSE
    assert (site.fixes_kept_days, site.aside_kept_days, site.trips_kept_days) == (30, 90, 60)


def test_an_unknown_rule_for_unknown_devices_is_named_with_those_there_are(tmp_path: Path):
    said = '[telemetry]\nunknown_devices = "drop"\n[visit]\n'
    problem = only_problem(write_site(tmp_path, toml=("[visit]\n", said)))
    assert "telemetry" in problem
    assert "hold, refuse" in problem


def test_a_fix_must_be_kept_longer_than_it_may_take_to_come(tmp_path: Path):
    said = "[retention]\naside_days = 7\n[visit]\n"
    problem = only_problem(write_site(tmp_path, toml=("[visit]\n", said)))
    assert '"aside_days"' in problem
    assert "at least 8" in problem


def test_travel_time_is_reaction_and_the_way_to_the_queue(tmp_path: Path):
    site = load_site(write_site(tmp_path))
    way = site.find_freight_road("yard_south", "north")
    access = site.yard_by_id["yard_south"].access_to("north")
    assert way is not None
    assert access is not None
    # 0.001° of longitude is 103.2 m at 22° N: 2 + 15 thousandths, the queue from 4 to 9.
    assert way.length_m == pytest.approx(17 * 103.2, rel=0.002)
    assert way.queue_m == pytest.approx((4 * 103.2, 9 * 103.2), rel=0.002)
    assert way.lane_m == pytest.approx((10 * 103.2, 12 * 103.2), rel=0.002)
    assert 20 / 3.6 < way.speed_mps < 25 / 3.6
    assert access.travel_s == pytest.approx(300 + 4 * 103.2 / way.speed_mps, rel=0.002)


def test_a_road_drawn_the_other_way_round_is_turned(tmp_path: Path):
    def turn(_zones: Features, roads: Features) -> None:
        roads["freight"]["geometry"]["coordinates"].reverse()

    site = load_site(write_site(tmp_path, spoil=turn))
    way = site.find_freight_road("yard_south", "north")
    assert way is not None
    assert way.line.coords[-1] == (106.719, 22.0)


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("capacity = 50", "capacity = -1", 'yard yard_south, field "capacity"', "at least 0"),
        ("capacity = 50", "capacity = 1.5", 'field "capacity"', "whole number"),
        ("capacity = 50", 'capacity = "many"', 'field "capacity"', "not a number"),
        ("capacity = 50", "capacity = true", 'field "capacity"', "not a number"),
        ("capacity = 50", "", 'field "capacity"', "is missing"),
        ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Min", 'field "timezone"', '"Asia/Ho_Chi_Minh"?'),
        ("epsg = ", 'other_timezone = "Asia/Shanghi"\nepsg = ', '"other_timezone"', '/Shanghai"?'),
        ('gate = "north"', 'gate = "nord"', 'access 1, field "gate"', 'did you mean "north"?'),
        ("epsg = 32648", "epsg = 4326", 'field "epsg"', "does not measure in metres"),
        ("epsg = 32648", "epsg = 999999", 'field "epsg"', "not a known reference system"),
        ('"07:00-12:00"', '"07:00-06:00"', 'weekly, field "saturday"', "closes before it opens"),
        ('"07:00-12:00"', '"07:00-14:00"', 'weekly, field "saturday"', "begins before"),
        ('"07:00-12:00"', '"7-12"', 'weekly, field "saturday"', "must be a window"),
        (
            "capacity_prior_weight_h = 2.0",
            "capacity_prior_weight_h = 0",
            'field "capacity_prior_weight_h"',
            "0 must be at least 0.1",
        ),
        ("sunday = []", "", 'weekly, field "sunday"', "is missing"),
        ("to = 2024-02-13", "to = 2024-02-01", 'exception 1, field "to"', "on or after"),
        ("to = 2024-02-13", 'to = "2024-02-13"', 'exception 1, field "to"', "without quotes"),
        (
            "windows = []",
            (
                "windows = []\n[[calendars.goods.exceptions]]\nfrom = 2024-02-13\nto = 2024-02-14\n"
                'windows = ["08:00-09:00"]'
            ),
            'exception 2, field "from"',
            "2024-02-13 is in two exceptions",
        ),
        (
            "travel_cv = 0.25",
            (
                'travel_cv = 0.25\n[[yards.access]]\ngate = "north"\n'
                'roads = ["way_out", "freight"]\nreaction_s = 60\ntravel_cv = 0.1'
            ),
            'yard yard_south, field "access"',
            "gate north stands twice",
        ),
        ('calendar = "goods"', 'calendar = "good"', 'field "calendar"', 'did you mean "goods"?'),
        (', zh = "北"', "", 'gate north, name, field "zh"', "is missing"),
        ('zh = "北"', 'zh = ""', 'gate north, name, field "zh"', "is empty"),
        ("slot_s = 900", "slots = 900", 'dispatch, field "slots"', 'did you mean "slot_s"?'),
        ("slot_s = 900", "slot_s = 0", 'dispatch, field "slot_s"', "at least 1"),
        (
            "slot_s = 900",
            "slot_s = 900\ncall_up_quantile = 1.0",
            'dispatch, field "call_up_quantile"',
            "1 must be within 0.01 … 0.99",
        ),
        ("inner_m = 12.0", "inner_m = inf", 'visit, field "inner_m"', "not a number"),
        ("inner_m = 12.0", "inner_m = nan", 'visit, field "inner_m"', "not a number"),
        (
            "future_limit_s",
            "futur_limit_s = 1\nfuture_limit_s",
            '"futur_limit_s"',
            "future_limit_s",
        ),
        ('["way_out", "freight"]', '["way_out", "frate"]', 'field "roads"', '"freight"?'),
        ('["way_out", "freight"]', '["way_out", "inland"]', 'field "roads"', "piece 2"),
        ('["way_out", "freight"]', '["freight"]', 'field "roads"', "begin inside the zone"),
        ('roads = ["inland"]', 'roads = ["freight"]', 'corridor from_inland, field "roads"', "end"),
        (
            'yard = "yard_south"',
            'yard = "yard_souht"',
            'field "yard"',
            'did you mean "yard_south"?',
        ),
        ('["export", "import"]', '["export", "transit"]', 'field "directions"', '"transit"'),
        ("lanes = 2", "lanes = 2\ndesign_per_day = 9", '"design_per_day"', "contradicts"),
        ('id = "tiny"', 'id = "Tiny Site"', 'field "id"', "small letters"),
        ("[visit]", "[visit", "site.toml: is no TOML", "at line 48"),
    ],
)
def test_a_wrong_field_of_site_toml_is_named(
    tmp_path: Path, old: str, new: str, place: str, says: str
):
    problems = check(write_site(tmp_path, toml=(old, new)))
    assert problems
    assert str(tmp_path / "site.toml") in problems[0]
    assert place in problems[0]
    assert says in problems[0]


def test_an_unknown_key_is_refused_with_the_nearest_right_name(tmp_path: Path):
    problems = check(write_site(tmp_path, toml=("travel_cv = 0.25", "travel_cw = 0.25")))
    assert any('"travel_cw": is not known here, did you mean "travel_cv"?' in p for p in problems)


def test_inspection_places_follow_from_the_design_where_they_were_not_counted(tmp_path: Path):
    # 300 trucks × 12.5 min ÷ 650 min (five days of 660, one of 600) ÷ 0.85 = 6.79
    rule = "design_per_day = 300\ndesign_utilisation = 0.85"
    site = load_site(write_site(tmp_path, toml=("inspection_places = 3", rule)))
    assert site.gates[0].inspection_places == 7
    assert site.gates[0].capacity_prior_per_h == pytest.approx(7 * 60 / 12.5)


@pytest.mark.parametrize("role", ["queue", "lane"])
def test_a_gate_without_a_queue_or_lane_zone_is_refused(tmp_path: Path, role: str):
    problem = only_problem(write_site(tmp_path, spoil=lambda z, _r: z.pop(f"{role}_north")))
    assert f"zones.geojson: gate north has no {role} zone" in problem


def test_overlapping_lanes_are_refused(tmp_path: Path):
    def second(zones: Features, _roads: Features) -> None:
        zones["lane_b"] = {
            **ZONES["lane_north"],
            "properties": {**ZONES["lane_north"]["properties"], "id": "lane_b"},
            "geometry": box(106.7135, 21.9995, 106.7145, 22.0005),
        }

    problem = only_problem(write_site(tmp_path, spoil=second))
    assert 'feature lane_b, field "geometry": the lane overlaps the lane lane_north by' in problem


def test_overlapping_yards_are_refused(tmp_path: Path):
    def grow(zones: Features, _roads: Features) -> None:
        zones["yard_south"]["geometry"] = box(106.700, 21.999, 106.707, 22.001)

    assert "overlaps the yard yard_south" in only_problem(write_site(tmp_path, spoil=grow))


def test_zones_that_only_touch_are_fit_for_use(tmp_path: Path):
    def touch(zones: Features, _roads: Features) -> None:
        zones["lane_north"]["geometry"] = box(106.711, 21.9995, 106.714, 22.0005)

    assert check(write_site(tmp_path, spoil=touch)) == []


def test_a_yard_without_its_polygon_is_refused(tmp_path: Path):
    problem = only_problem(write_site(tmp_path, spoil=lambda z, _r: z.pop("yard_south")))
    assert 'site.toml, yard yard_south, field "id": has no zone of that id' in problem


def test_a_yard_zone_unknown_to_site_toml_is_refused(tmp_path: Path):
    def second(zones: Features, _roads: Features) -> None:
        zones["extra"] = {
            **ZONES["yard_south"],
            "properties": {**ZONES["yard_south"]["properties"], "id": "yard_extra"},
            "geometry": box(106.69, 21.999, 106.695, 22.001),
        }

    problem = only_problem(write_site(tmp_path, spoil=second))
    assert "feature yard_extra" in problem
    assert "site.toml has no yard" in problem


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("role", "lanes", 'did you mean "lane"?'),
        ("gate", "nort", 'did you mean "north"?'),
        ("gate", None, "belongs to one gate"),
        ("uncertainty_m", -5, "at least 0"),
        ("name", {"vi": "a", "en": "b"}, 'field "zh": is missing'),
        ("uncertainity", 5, 'did you mean "uncertainty_m"?'),
        ("survey", 3, "must be a text"),
    ],
)
def test_a_wrong_property_of_a_zone_is_named(tmp_path: Path, field: str, value: object, says: str):
    def spoil(zones: Features, _roads: Features) -> None:
        zones["lane_north"]["properties"][field] = value

    found = [p for p in check(write_site(tmp_path, spoil=spoil)) if says in p]
    assert len(found) == 1
    assert "zones.geojson, feature lane_north" in found[0]


def test_an_id_that_stands_twice_is_refused(tmp_path: Path):
    def double(zones: Features, roads: Features) -> None:
        zones["again"] = zones["beyond_north"]
        roads["again"] = roads["way_out"]

    problems = check(write_site(tmp_path, spoil=double))
    assert any('zones.geojson, feature beyond_north, field "id": stands 2' in p for p in problems)
    assert any('roads.geojson, feature way_out, field "id": stands 2' in p for p in problems)


def test_a_road_of_no_length_is_refused(tmp_path: Path):
    def shrink(_zones: Features, roads: Features) -> None:
        roads["inland"]["geometry"]["coordinates"] = [[106.7015, 22.0], [106.7015, 22.0]]

    problems = check(write_site(tmp_path, spoil=shrink))
    assert 'roads.geojson, feature inland, field "geometry"' in problems[0]


def test_a_freight_road_that_misses_the_lane_is_refused(tmp_path: Path):
    def bend(_zones: Features, roads: Features) -> None:
        roads["freight"]["geometry"]["coordinates"] = [
            [106.704, 22.0],
            [106.709, 22.0],
            [106.709, 22.1],
        ]

    problem = only_problem(write_site(tmp_path, spoil=bend))
    assert "does not pass the lane zone of north" in problem


def test_a_freight_road_that_passes_the_lane_before_the_queue_is_refused(tmp_path: Path):
    def swap(zones: Features, _roads: Features) -> None:
        queue, lane = zones["queue_north"]["properties"], zones["lane_north"]["properties"]
        queue["role"], lane["role"] = "lane", "queue"

    assert "the queue before the lane" in only_problem(write_site(tmp_path, spoil=swap))


def test_a_queue_that_reaches_into_the_lane_is_named_before_the_road_through_both(tmp_path: Path):
    def grow(zones: Features, _roads: Features) -> None:
        zones["queue_north"]["geometry"] = box(106.706, 21.9995, 106.713, 22.0005)

    first, second = check(write_site(tmp_path, spoil=grow))
    assert 'feature lane_north, field "geometry": the lane overlaps the queue queue_north' in first
    assert "is still in the queue where the lane begins; draw the two zones apart" in second


def test_broken_json_is_named_with_its_line(tmp_path: Path):
    write_site(tmp_path)
    (tmp_path / "zones.geojson").write_text('{"type": "FeatureCollection",\n "features": [,]}')
    problem = only_problem(tmp_path)
    assert "zones.geojson: is no JSON" in problem
    assert "line 2" in problem


@pytest.mark.parametrize("text", ["[]", '{"features": {}}', '{"features": [{"geometry": null}]}'])
def test_json_that_is_no_feature_collection_is_refused(tmp_path: Path, text: str):
    write_site(tmp_path)
    (tmp_path / "roads.geojson").write_text(text)
    assert "roads.geojson" in only_problem(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path):
    write_site(tmp_path)
    (tmp_path / "roads.geojson").unlink()
    assert only_problem(tmp_path) == f"{tmp_path / 'roads.geojson'} is missing; a site needs it"


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path):
    write_site(tmp_path)
    (tmp_path / "site.toml").write_bytes("name = 'Hữu Nghị'".encode("utf-16"))
    assert "site.toml cannot be read as UTF-8 text" in only_problem(tmp_path)


def test_all_problems_are_told_at_once(tmp_path: Path):
    def spoil(zones: Features, _roads: Features) -> None:
        zones["queue_north"]["properties"]["uncertainty_m"] = -1
        zones["beyond_north"]["geometry"] = None

    problems = check(write_site(tmp_path, toml=("capacity = 50", "capacity = -1"), spoil=spoil))
    assert len(problems) == 3
    with pytest.raises(SiteError) as refused:
        load_site(tmp_path)
    assert str(refused.value).splitlines() == problems


def test_a_site_without_gates_and_yards_is_refused(tmp_path: Path):
    write_site(tmp_path)
    text = (tmp_path / "site.toml").read_text()
    (tmp_path / "site.toml").write_text(text[: text.index("[[gates]]")])
    problems = check(tmp_path)
    assert any('field "gates": is missing' in p for p in problems)
    assert any('field "yards": is missing' in p for p in problems)


def test_texts_give_the_same_site_as_files(tmp_path: Path):
    source = read_source(write_site(tmp_path))
    assert isinstance(source, SiteSource)
    assert parse_site(source, where="the database") == load_site(tmp_path)


def test_a_refusal_names_where_the_texts_came_from(tmp_path: Path):
    source = read_source(write_site(tmp_path, toml=("capacity = 50", "capacity = -1")))
    with pytest.raises(SiteError, match=r"the database/site\.toml, yard yard_south"):
        parse_site(source, where="the database")
