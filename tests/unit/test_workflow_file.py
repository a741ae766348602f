"""The workflow file: what it says, and every way in which it can be wrong, with the line."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from small_workflow import WORKFLOW

from flowctl.errors import SiteError
from flowctl.site_files import load_site
from flowctl.storage.workflows import gates_of
from flowctl.workflow.catalogue import beyond_crossing
from flowctl.workflow.file import check_workflow, parse_workflow
from flowctl.workflow.stages import Desk, Lock, Proof, applies

SITE = Path(__file__).parents[2] / "data" / "sites" / "lang_son"
GATES = {"huu_nghi": ("export", "import"), "tan_thanh": ("export", "import")}
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def changed(*pairs: tuple[str, str]) -> str:
    text = WORKFLOW
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def fault(text: str, *, gates: dict[str, tuple[str, ...]] | None = None) -> tuple[str, str]:
    """Return the one thing that is wrong with a text, and the line it stands in."""
    [found] = check_workflow(text, where="workflow.toml", gates=gates or GATES)
    assert found.text.startswith("workflow.toml")
    return found.text, "" if found.line is None else text.splitlines()[found.line - 1]


def test_a_variant_has_the_stages_whose_conditions_its_trips_can_meet():
    workflow = parse_workflow(WORKFLOW, where="workflow.toml", gates=GATES)
    swap, over, into = workflow.variants
    assert [one.id for one in over.stages if one not in swap.stages] == ["transshipped"]
    assert into.stages == swap.stages
    check = swap.stages[2]
    assert (check.desk, check.unlocks, check.settles) == (
        Desk.CUSTOMS,
        (Lock.RELEASE,),
        ("goods_class",),
    )


def test_what_follows_from_facts_is_filled_in_and_nothing_else():
    workflow = parse_workflow(WORKFLOW, where="workflow.toml")
    fruit = workflow.fill_in({"goods_class": "fruit"}, 18.0)
    assert fruit == {
        "goods_class": "fruit",
        "plants": "yes",
        "animals": "no",
        "weight_class": "heavy",
    }
    assert workflow.fill_in({"weight_class": "light"}, 30.0) == {"weight_class": "light"}
    assert workflow.fill_in({}, None) == {}


def test_hours_of_the_file_come_before_what_holds_at_any_other_time():
    text = WORKFLOW + (
        '\n[[hours]]\nvariant = "export_transshipment"\ngates = ["huu_nghi"]\n'
        'direction = "export"\nfrom = "22:00"\nuntil = "05:00"\n'
    )
    workflow = parse_workflow(text, where="workflow.toml", gates=GATES)

    def at(hour: int, gate: str = "huu_nghi") -> str | None:
        local = datetime(2024, 1, 23, hour, 0, tzinfo=LOCAL)
        found = workflow.default_at(gate, "export", local)
        return None if found is None else found.id

    assert [at(hour) for hour in (21, 22, 4, 5)] == [
        "export_swap",
        "export_transshipment",
        "export_transshipment",
        "export_swap",
    ]
    assert at(23, "tan_thanh") == "export_swap"
    assert at(23, "chi_ma") is None


def test_the_stages_beyond_the_crossing_are_those_that_need_it_however_far():
    text = changed(
        (
            'id = "out"',
            (
                'id = "home"\nname = { vi = "a", zh = "b", en = "c" }\nproofs = ["returned"]\n'
                'needs = ["out"]\n\n[[stages]]\nid = "out"'
            ),
        )
    )
    stages = parse_workflow(text, where="workflow.toml").variants[0].stages
    assert beyond_crossing(stages) == {"home"}


def test_a_circle_of_needs_is_named_stage_by_stage():
    text = changed(('needs = ["declared"]', 'needs = ["gate_cleared"]'))
    said, line = fault(text)
    assert "border_guard needs gate_cleared needs border_guard" in said
    assert line == 'needs = ["gate_cleared"]'


@pytest.mark.parametrize(
    ("pairs", "said", "line"),
    [
        ((('desk = "tax"', 'desk = "taxs"'),), 'did you mean "tax"?', 'desk = "taxs"'),
        ((('["yard_in"]\nsettles', '["yard_on"]\nsettles'),), '"yard_on" is no stage', None),
        ((('unlocks = ["gate"]', 'unlock = ["gate"]'),), 'did you mean "unlocks"?', None),
        ((('unlocks = ["gate"]', 'unlocks = ["door"]'),), '"door" is no lock', None),
        (
            (('proofs = ["paid"]', 'proofs = ["payed"]'),),
            '"payed" is no proof, did you mean "paid"?',
            'proofs = ["payed"]',
        ),
        (
            (('plants = ["yes"]', 'plants = ["maybe"]'),),
            '"maybe" is no plants',
            'applies = { plants = ["maybe"] }',
        ),
        ((('plants = ["yes"]', 'plant = ["yes"]'),), "is no fact of a trip", None),
        (
            (('handover = ["transshipment"]', 'handover = ["transhipment"]'),),
            'did you mean "transshipment"?',
            None,
        ),
        ((('settles = ["goods_class"]', 'settles = ["plate"]'),), "no fact that a stage", None),
        ((("expires_h = 12", "expires_h = -1"),), "must be within", "expires_h = -1"),
        ((("from_t = 18", "from_t = 18\nbelow_t = 4"),), "is not above from_t", "below_t = 4"),
        ((('id = "out"', 'id = "declared"'),), '"declared" stands twice', None),
        ((('en = "Declared"', 'de = "Angemeldet"'),), 'field "en": is missing', None),
        ((("2024-01-01T00:00:00+07:00", "2024-01-01T00:00:00"),), "a moment with its zone", None),
        ((("confidence = 0.9", "confidence = 9"),), "must be within", "confidence = 9"),
        ((('proof = "gate_out"', 'proof = "paid"'),), "is no known proof of a camera", None),
    ],
)
def test_a_wrong_value_is_named_with_what_would_do(
    pairs: tuple[tuple[str, str], ...], said: str, line: str | None
):
    text = changed(*pairs)
    found = check_workflow(text, where="workflow.toml", gates=GATES)
    told = [one for one in found if said in one.text]
    assert told, found
    if line is not None:
        assert told[0].line is not None
        assert text.splitlines()[told[0].line - 1] == line


def test_a_text_that_is_no_toml_says_the_line():
    said, line = fault(changed(('desk = "tax"', "desk = tax")))
    assert "is no TOML" in said
    assert line == "desk = tax"
    cut_off = WORKFLOW.rstrip() + '\ngates = ["huu_nghi",\n\n'
    said, line = fault(cut_off)
    assert "at end of document" in said
    assert line == 'gates = ["huu_nghi",'
    assert fault("a = ")[1] == "a = "


def test_a_stage_nobody_can_ever_reach_is_named():
    said, line = fault(
        changed(
            ('["transshipment"] }', '["transshipment"], direction = ["import"] }'),
        )
    )
    assert "transshipped" in said
    assert "nobody ever reaches the stage" in said
    assert line.startswith("applies")


def test_a_need_of_trips_with_another_fact_is_named():
    text = changed(
        (
            'needs = ["yard_in"]\napplies = { plants = ["yes"] }',
            (
                'needs = ["yard_in", "transshipped"]\n'
                'applies = { plants = ["yes"], handover = ["driver_swap"] }'
            ),
        )
    )
    said, _ = fault(text)
    assert "transshipped is of trips with another handover" in said


def test_a_stage_that_nobody_and_nothing_could_confirm_is_refused():
    said, _ = fault(changed(('desk = "border_guard"\n', "")))
    assert "nothing could confirm the stage" in said
    said, _ = fault(changed(('desk = "yard"\nneeds = ["customs_check"]', 'unlocks = ["gate"]')))
    assert "gate would stay locked for good" in said


def test_a_joined_stage_needs_something_and_what_settles_has_a_desk():
    said, _ = fault(changed(('needs = ["border_guard", "customs_check"]\n', "")))
    assert "it needs nothing" in said
    said, _ = fault(changed(('desk = "customs"', 'proofs = ["gate_in"]')))
    assert "somebody at a desk has to say it" in said


def test_a_gate_without_variant_and_one_without_usual_handover_are_named():
    said, _ = fault(WORKFLOW, gates=GATES | {"chi_ma": ("export",)})
    assert said == (
        "workflow.toml: chi_ma has no variant in the direction export, so that no trip could begin"
        " there; name the gate in one"
    )
    first = (
        '[[hours]]\nvariant = "export_swap"\ngates = ["huu_nghi", "tan_thanh"]\n'
        'direction = "export"\n'
    )
    said, _ = fault(changed((first, first.replace('"huu_nghi", ', ""))))
    assert "huu_nghi, export: by which variant" in said


def test_two_variants_of_one_handover_and_two_defaults_of_one_hour_are_refused():
    twin = WORKFLOW[WORKFLOW.index("[[variants]]") : WORKFLOW.index('id = "export_transshipment"')]
    twin = twin.removesuffix("[[variants]]\n").replace("export_swap", "export_again")
    text = changed(("[[hours]]", twin + "[[hours]]"))
    of_gates = check_workflow(text, where="w", gates=GATES)
    assert ["export_swap is of the same handover" in one.text for one in of_gates] == [True, True]
    hours = '\n[[hours]]\nvariant = "{}"\ngates = ["huu_nghi"]\ndirection = "export"\n{}'
    night = hours.format("export_transshipment", 'from = "20:00"\nuntil = "06:00"\n')
    early = hours.format("export_swap", 'from = "05:59"\nuntil = "07:00"\n')
    later = hours.format("export_swap", 'from = "06:00"\nuntil = "07:00"\n')
    assert check_workflow(WORKFLOW + night + later, where="w", gates=GATES) == []
    said, _ = fault(WORKFLOW + night + early)
    assert "export_transshipment from 20:00 until 06:00 and export_swap from 05:59" in said
    said, _ = fault(WORKFLOW + hours.format("export_transshipment", ""))
    assert "let only one hold at an hour" in said
    half = hours.format("export_swap", 'from = "20:00"\n')
    assert "give both hours, or none" in fault(WORKFLOW + half)[0]
    never = hours.format("export_swap", 'from = "25:00"\nuntil = "26:00"\n')
    found = check_workflow(WORKFLOW + never, where="w", gates=GATES)
    assert all("is no time of day" in one.text for one in found)


def test_all_problems_are_told_at_once_and_a_wrong_file_is_not_read():
    text = changed(('desk = "tax"', 'desk = "taxs"'), ('unlocks = ["gate"]', 'unlocks = ["door"]'))
    with pytest.raises(SiteError) as refused:
        parse_workflow(text, where="workflow.toml")
    assert len(str(refused.value).splitlines()) == 2


def test_lang_son_has_the_six_steps_and_no_fee_before_customs_has_set_the_class():
    site = load_site(SITE)
    text = (SITE / "workflow.toml").read_text(encoding="utf-8")
    workflow = parse_workflow(text, where="workflow.toml", gates=gates_of(site))
    assert len(workflow.variants) == 8
    by_id = {stage.id: stage for stage in workflow.stages}
    assert by_id["gate_area"].needs == ("border_guard", "customs_arrival")
    assert by_id["gate_area"].proofs == (Proof.JOINED,)
    assert "customs_in_yard" in by_id["fees"].needs
    assert by_id["customs_in_yard"].settles == ("goods_class", "weight_class")
    assert by_id["declared"].unlocks == (Lock.SLOT,)
    steel = workflow.fill_in({"goods_class": "building", "load": "laden"}, None)
    fruit = workflow.fill_in({"goods_class": "fresh_fruit", "load": "laden"}, None)
    assert not applies(by_id["plant_quarantine"], steel)
    assert applies(by_id["plant_quarantine"], fruit)
    assert applies(by_id["transport_licence"], {"nationality": "CN"})
    assert not applies(by_id["transport_licence"], {"nationality": "VN"})
    assert {camera.place for camera in workflow.cameras} <= {
        *site.gate_by_id,
        *(zone.id for zone in site.zones),
    }
