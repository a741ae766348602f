"""A run as planners take it along: its curves, its report, its trucks as a table."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pypdfium2
import pytest
from desk import LANGUAGES, words
from matplotlib.image import imread
from matplotlib.text import Text
from pyarrow import parquet

from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.pictures.simulation_curves import draw, steering_name, write_png, write_svg
from flowctl.pictures.simulation_report import (
    SHOWN,
    Asked,
    figure,
    report_html,
    report_pdf,
)
from flowctl.pictures.simulation_trucks import HEADER, write_csv, write_parquet
from flowctl.scenarios.steering import Rule
from flowctl.site_files import load_site
from simulations.metrics import UNITS

SITE = load_site(data_dir() / "sites/lang_son")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MIDNIGHT = datetime(2024, 1, 23, tzinfo=ZONE).timestamp()
GRID = [MIDNIGHT + 300 * k for k in range(241)]


def band(height: float) -> dict[str, list[float]]:
    mean = (height * np.sin(np.linspace(0, np.pi, len(GRID)))).tolist()
    return {
        "mean": mean,
        "low": [0.8 * value for value in mean],
        "high": [1.2 * value for value in mean],
    }


def interval(mean: float | None) -> dict[str, float | None]:
    if mean is None:
        return {"mean": None, "low": None, "high": None}
    return {"mean": mean, "low": 0.9 * mean, "high": 1.1 * mean}


WAITS = {key: interval(60.0 * k) for k, key in enumerate(UNITS, 1) if "_wait_" in key}
RESULT: dict[str, Any] = {
    "scenario": "2024-01-23",
    "name": {"vi": "Ngày 23-01-2024 <Tân Thanh>", "zh": "2024年1月23日", "en": "23 January 2024"},
    "steering": "quota:0.95",
    "seed": 7,
    "replications": 20,
    "version": "0.1.0",
    "policy": "2026-01",
    "site": "lang_son",
    "timezone": ZONE.key,
    "digest": "0123456789abcdef" * 4,
    "seconds": 1.2,
    "stopped_early": False,
    "notes": [
        {
            "kind": "overload",
            "values": {"gate": "tan_thanh", "trucks": 900, "capacity": 450, "times": 2.04},
            "text": "Too many trucks.",
        },
        {"kind": "cancelled", "values": {"done": 20, "asked": 50}, "text": "Ended early."},
        {"kind": "of_tomorrow", "values": {}, "text": "Said in English alone."},
    ],
    "grid": GRID,
    "measures": {
        key: {**interval(None if key == "import_wait_mean_s" else 754.0), "unit": unit}
        for key, unit in UNITS.items()
    },
    "classes": {"normal": WAITS, "reefer": WAITS, "perishable": WAITS},
    "gates": {
        "huu_nghi": {"queue": band(12), "waiting": band(60)},
        "tan_thanh": {"queue": band(30), "waiting": band(450)},
    },
    "yards": {"yard_bao_nguyen": {"occupancy": band(400), "places": 600}},
}
ASKED = Asked(12, "planner", datetime(2026, 5, 4, 3, tzinfo=UTC), 3, RESULT)

TRUCKS: dict[str, Any] = {
    "gates": ["huu_nghi", "tan_thanh"],
    "yards": ["yard_bao_nguyen"],
    "cargoes": ["normal", "reefer"],
    "gate": [1, 0],
    "import": [0, 1],
    "yard": [0, -1],
    "cargo": [1, 0],
    "yard_at": [MIDNIGHT, None],
    "ready_at": [MIDNIGHT + 3600, None],
    "released_at": [None, None],
    "gate_at": [None, MIDNIGHT + 7200],
    "start_at": [None, MIDNIGHT + 7200.25],
    "clear_at": [None, None],
    "turned_at": [None, None],
    "slot_at": [None, None],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_says_what_was_asked_what_came_and_how_to_make_it_again(language: str):
    page = report_html(ASKED, SITE, words(language), language)
    text = re.sub(r"<[^>]+>", " ", page)
    assert RESULT["digest"] in text
    assert "2026-01" in text
    for key in SHOWN:
        assert words(language)["planner_measure"][key] in text
    for cargo in RESULT["classes"]:
        assert words(language)["cargo"][cargo] in text
    assert SITE.gate_by_id["tan_thanh"].name[language] in text
    assert "Too many trucks." not in text
    assert "Ended early." not in text.replace("Ended early:", "")
    assert "Said in English alone." in text, "what has no words of the catalogue is not lost"
    assert "<svg" in page
    assert "{" not in re.sub(r"(?s)<style.*?</style>", "", page).replace("\n", "")


def test_what_planners_wrote_stands_in_a_report_as_text():
    page = report_html(ASKED, SITE, words("vi"), "vi")
    assert "&lt;Tân Thanh&gt;" in page
    assert "<Tân" not in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_report_on_paper_is_one_page_whose_text_can_be_searched(language: str):
    with pypdfium2.PdfDocument(report_pdf(ASKED, SITE, words(language), language)) as pdf:
        assert len(pdf) == 1
        text = pdf[0].get_textpage().get_text_bounded()
    assert words(language)["planner_measure"]["queue_max"] in text
    assert RESULT["digest"][:16] in text


@pytest.mark.parametrize("write", [report_pdf, lambda run, *said: write_png(run.result, *said)])
def test_what_has_no_chinese_letters_says_so(write: Callable[..., bytes]):
    with pytest.raises(FlowctlError, match="HTML or SVG") as refused:
        write(ASKED, SITE, words("zh"), "zh")
    kind = refused.value.refusal.kind
    assert all(words(language)["refusals"][str(kind)] for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_curves_name_gates_and_yards_in_the_readers_language(language: str):
    svg = write_svg(RESULT, SITE, words(language), language).decode()
    for place in (*SITE.gates, SITE.yard_by_id["yard_bao_nguyen"]):
        assert place.name[language] in svg
    assert svg == write_svg(RESULT, SITE, words(language), language).decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_curves_by_themselves_say_their_day_their_policy_and_how_often_it_was_played(language: str):
    said = words(language)
    svg = write_svg(RESULT, SITE, said, language).decode()
    assert html.escape(RESULT["name"][language], quote=False) in svg
    asked = said["run_report"]["asked"].format(
        steering=steering_name("quota:0.95", said), n=20, seed=7
    )
    assert asked in svg
    inside = report_html(ASKED, SITE, said, language)
    assert inside.count(asked) == 1, "a report says it above its curves already"


def test_no_curve_runs_through_a_legend():
    figure = draw(RESULT, SITE, words("en"), "en", headed=True)
    figure.draw_without_rendering()
    for axis in figure.axes:
        legend = axis.get_legend()
        assert legend is not None
        box = legend.get_window_extent()
        assert not box.overlaps(axis.get_window_extent())
        titles = [one for one in axis.get_children() if isinstance(one, Text) and one.get_text()]
        assert titles
        assert not any(box.overlaps(title.get_window_extent()) for title in titles)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_says_that_waits_are_cut_at_the_days_end_where_trucks_still_waited(language: str):
    sentence = words(language)["planner"]["waits_cut"].replace("{n}", "754")
    assert sentence in report_html(ASKED, SITE, words(language), language)
    nobody = {**RESULT["measures"]["waiting_at_end"], **interval(0.0)}
    served = {**RESULT, "measures": {**RESULT["measures"], "waiting_at_end": nobody}}
    page = report_html(replace(ASKED, result=served), SITE, words(language), language)
    assert sentence.partition("754")[2] not in page


def test_curves_are_drawn():
    pixels = imread(BytesIO(write_png(RESULT, SITE, words("vi"), "vi")))
    assert pixels.shape[1] == 1650
    assert (pixels[..., :3].std(axis=2) > 0.02).mean() > 0.01, "there is colour"


def test_a_place_the_site_has_no_more_is_named_by_its_id():
    gone = {**RESULT, "gates": {"cu_ky": RESULT["gates"]["huu_nghi"]}, "yards": {}}
    assert "cu_ky" in write_svg(gone, SITE, words("en"), "en").decode()


def test_figures_are_written_as_the_language_has_them():
    assert figure(754.0, "s", words("en"), "en") == "12.6 min"
    assert figure(754.0, "s", words("vi"), "vi") == "12,6 phút"
    assert figure(3 * 3600.0, "s", words("en"), "en") == "3 h 0 min"
    assert figure(0.831, "share", words("en"), "en") == "83.1 %"
    assert figure(12_345_678.0, "vnd", words("vi"), "vi") == "12.345.678 ₫"
    assert figure(41.0, "trucks", words("en"), "en") == "41"
    assert figure(None, "s", words("en"), "en") == "–"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_measure_and_every_rule_has_words(language: str):
    assert set(words(language)["planner_measure"]) >= set(UNITS)
    assert set(SHOWN) <= set(UNITS)
    for rule in Rule:
        assert steering_name(rule, words(language))
    assert "95 %" in steering_name("quota:0.95", words(language))


def test_trucks_are_a_table_with_instants_of_the_sites_clocks():
    lines = write_csv(TRUCKS, ZONE).splitlines()
    assert lines[0].split(",") == list(HEADER)
    assert lines[1].startswith(
        "tan_thanh,export,yard_bao_nguyen,reefer,2024-01-23T00:00:00+07:00,2024-01-23T01:00:00+07:00,"
    )
    assert lines[2].startswith("huu_nghi,import,,normal,,,,2024-01-23T02:00:00+07:00,")
    table = parquet.read_table(BytesIO(write_parquet(TRUCKS, ZONE)))
    assert table.column_names == list(HEADER)
    assert table["gate"].to_pylist() == ["tan_thanh", "huu_nghi"]
    assert str(table.schema.field("ready_at").type) == f"timestamp[ms, tz={ZONE.key}]"
    assert table["start_at"].to_pylist()[1] == datetime.fromtimestamp(MIDNIGHT + 7200.25, UTC)
    assert json.dumps(table["yard"].to_pylist()) == '["yard_bao_nguyen", null]'
