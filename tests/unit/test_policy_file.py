"""What a site's rules say as a file, and what cannot be said in it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tiny_site import write_site

from flowctl.policy import Answer, Basis, Edit, NotifyRules, Policy
from flowctl.policy_file import approved_at_speed
from flowctl.site_files import check, load_site

LANG_SON = Path(__file__).parents[2] / "data" / "sites" / "lang_son"
HEAD = 'version = "7"\nvalid_from = 2024-01-23T00:00:00+07:00\n'


def read(folder: Path, rules: str) -> Policy:
    write_site(folder)
    (folder / "policy.toml").write_text(HEAD + rules, encoding="utf-8")
    return load_site(folder).policy


def problems(folder: Path, text: str) -> list[str]:
    write_site(folder)
    (folder / "policy.toml").write_text(text, encoding="utf-8")
    return check(folder)


def test_a_site_without_the_file_has_the_rules_as_they_are(tmp_path: Path):
    assert load_site(write_site(tmp_path)).policy == Policy()


def test_lang_son_has_its_own_version_of_the_usual_rules():
    policy = load_site(LANG_SON).policy
    assert (policy.version, policy.basis) == ("2024-01", Basis.ARRIVAL)
    assert policy.slot == Policy().slot
    assert policy.no_show == Policy().no_show


def test_what_the_file_says_holds_and_what_it_leaves_out_stays_as_it_is(tmp_path: Path):
    policy = read(
        tmp_path,
        """
        basis = "booking"
        free_cancellation_s = 600
        [slot]
        extension_s = 1800
        [no_show]
        loses_s = 7200
        ban_after = 0
        [priority]
        most_places_lost = 5
        classes = { perishable = 2, reefer = 1 }
        [haulier]
        most_share = 1
        [notify]
        most_per_day = 0
        gather_s = 60
        [cheating]
        swapped = "loses_seniority"
        [cheating_limits]
        hoard_share = 0.4
        legs = 10
        """,
    )
    assert (policy.version, policy.valid_from) == ("7", datetime(2024, 1, 22, 17, tzinfo=UTC))
    assert (policy.basis, policy.free_cancellation_s) == (Basis.BOOKING, 600)
    assert (policy.slot.extension_s, policy.slot.late_s) == (1800, Policy().slot.late_s)
    assert (policy.no_show.loses_s, policy.no_show.ban_after) == (7200, 0)
    assert policy.priority.classes == {"perishable": 2, "reefer": 1}
    assert (policy.priority.most_places_lost, policy.haulier.most_share) == (5, 1.0)
    assert policy.cheating == {"swapped": Answer.LOSES_SENIORITY}
    assert (policy.cheating_limits.hoard_share, policy.cheating_limits.legs) == (0.4, 10)
    assert policy.cheating_limits.silent_s == Policy().cheating_limits.silent_s
    assert policy.standby == Policy().standby
    assert policy.notify == NotifyRules(most_per_day=0, gather_s=60)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('basis = "first"', '"basis": "first" is no known basis'),
        ("[slot]\nlate = 60", '"late": is not known here, did you mean "late_s"?'),
        ("[slot]\nlate_s = -1", '"late_s": -1 must be within 0 … 86400'),
        ("[slot]\nlate_s = 1800.5", '"late_s": 1800.5 must be a whole number'),
        ("[slot]\nlate_s = nan", '"late_s": nan is not a number'),
        ("[slot]\nlate_s = 600", "is shorter than freeze_s of site.toml (1800)"),
        ("[slot]\nextension_s = 60", "an extension would change nothing"),
        ("[standby]\nshare = 1.5", '"share": 1.5 must be within 0 … 1'),
        ("[standby]\nno_show_s = 7200", "nobody would ever be a no-show"),
        ("[haulier]\nmost_share = 0", '"most_share": 0 must be within 0.001 … 1'),
        ("[no_show]\nban_after = 0\nban_days = 7", "contradicts ban_after = 0"),
        ("[cancellation]\nban_days = 0", "0 contradicts ban_after = 3"),
        ("[priority.classes]\ngold = 1", '"gold": is no cargo; known: normal, reefer'),
        ("[priority.classes]\nreefer = -1", '"reefer": -1 must be within 0 … 100'),
        (
            "[priority]\nmost_places_lost = 0\nclasses = { reefer = 1 }",
            "the classes would change nothing",
        ),
        ('[cheating]\nswaped = "alert"', 'is no kind of alert, did you mean "swapped"?'),
        ('[cheating]\nswapped = "jail"', '"jail" is no known answer'),
        ("[cheating_limits]\nunseen_s = 1e15", '"unseen_s": 1e+15 must be within 0 … '),
        ("slot = 3", '"slot": 3 must be a table'),
        ("colour = 1", '"colour": is not known here'),
    ],
)
def test_what_cannot_be_a_rule_is_one_sentence_that_names_it(tmp_path: Path, rules: str, said: str):
    [problem] = problems(tmp_path, HEAD + rules)
    assert problem.startswith(f"{tmp_path}/policy.toml")
    assert said in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("valid_from = 2024-01-23T00:00:00Z", '"version": is missing'),
        ('version = "7"', '"valid_from": is missing'),
        ('version = "7"\nvalid_from = 2024-01-23T00:00:00', "a moment with its zone"),
        ('version = "7"\nvalid_from = 2024-01-23', "a moment with its zone"),
        ('version = "default"\nvalid_from = 2024-01-23T00:00:00Z', "a site without this file"),
        (f'version = "{"x" * 41}"\nvalid_from = 2024-01-23T00:00:00Z', "at most 40 characters"),
        ("version", "is no TOML"),
    ],
)
def test_a_version_says_its_name_and_from_when_it_holds(tmp_path: Path, text: str, said: str):
    [problem] = problems(tmp_path, text)
    assert said in problem


def test_all_problems_are_found_at_once(tmp_path: Path):
    found = problems(tmp_path, HEAD + 'basis = "x"\n[slot]\nlate_s = -1\n[cheating]\nx = "alert"')
    assert len(found) == 3


def test_what_operators_may_do_by_hand_is_chosen_out_of_known_reasons(tmp_path: Path):
    rules = read(
        tmp_path,
        """
        [hand]
        four_eyes = false
        approve_within_s = 300
        forward_reasons = ["medical", "rescue"]
        """,
    ).hand
    assert (rules.four_eyes, rules.approve_within_s) == (False, 300)
    assert rules.forward_reasons == ("medical", "rescue")
    assert rules.hold_reasons == Policy().hand.hold_reasons
    wrong = HEAD + '[hand]\nfour_eyes = 1\nhold_reasons = ["whim"]\nlongest_hold_h = 3\n'
    told = " ".join(problems(tmp_path, wrong))
    assert "1 must be true or false" in told
    assert '"whim" is no reason; known: papers, quarantine' in told
    assert 'did you mean "longest_hold_s"' in told


def test_alarms_have_their_limits_and_none_is_over_where_it_is_raised(tmp_path: Path):
    policy = read(tmp_path, "[alarms]\nyard_share = 0.8\nyard_clear_share = 0.7\n")
    assert (policy.alarms.yard_share, policy.alarms.yard_clear_share) == (0.8, 0.7)
    assert policy.alarms.off_way_m == Policy().alarms.off_way_m
    [problem] = problems(tmp_path, HEAD + "[alarms]\nback_m = 1000\n")
    assert 'field "back_m": 1000 is not below off_way_m (1000)' in problem
    [kind] = problems(tmp_path, HEAD + '[cheating]\nyard_full = "alert"\n')
    assert "is no kind of alert" in kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[hand]\nfour_eyes = true\n",
        "  [hand]\n  approve_within_s = 900\n",
        "[slot]\nlate_s = 3600\n",
    ],
)
def test_who_approves_has_as_long_by_the_wall_clock_where_a_day_is_played_faster(
    tmp_path: Path, text: str
):
    given = read(tmp_path, text)
    faster = read(tmp_path, approved_at_speed(HEAD + text, 60).removeprefix(HEAD))
    assert faster.hand == replace(given.hand, approve_within_s=900 * 60)
    assert (faster.slot, faster.version) == (given.slot, given.version)
    assert approved_at_speed(HEAD + text, 1) == HEAD + text
    longest = read(tmp_path, approved_at_speed(HEAD + text, 1000).removeprefix(HEAD))
    assert longest.hand.approve_within_s == 86_400, "a day at most"


def test_days_on_the_other_side_have_limits_and_the_two_way_haul_the_longer_one(tmp_path: Path):
    assert Policy().away.two_way_h == Policy().away.one_way_h == 0, "a limit of 0 is none"
    away = read(tmp_path, "[away]\ntwo_way_h = 36\none_way_h = 24.5\nmany = 3").away
    assert (away.two_way_h, away.one_way_h, away.many) == (36, 24.5, 3)
    [turned] = problems(tmp_path, HEAD + "[away]\ntwo_way_h = 12\none_way_h = 24")
    assert '"two_way_h": 12 is shorter than one_way_h (24)' in turned
    [long] = problems(tmp_path, HEAD + "[away]\none_way_h = 721")
    assert "721 must be within 0 … 720" in long


def test_what_a_change_of_a_declaration_costs_is_the_sites_to_say(tmp_path: Path):
    edits = read(tmp_path, '[edits]\ncargo = "keeps"\ntrailer = "evidence"\n').edits
    assert (edits.cargo, edits.trailer) == (Edit.KEEPS, Edit.EVIDENCE)
    assert edits == replace(Policy().edits, cargo=Edit.KEEPS, trailer=Edit.EVIDENCE)
    [price] = problems(tmp_path, HEAD + '[edits]\ncargo = "costs"\n')
    assert '"costs" is no known rule' in price
    [part] = problems(tmp_path, HEAD + '[edits]\ncargoo = "keeps"\n')
    assert "cargoo" in part


def test_a_haulier_has_as_many_trips_under_way_as_the_site_says(tmp_path: Path):
    assert Policy().fair_use.active_per_haulier == 0, "0: as many as it likes"
    fair_use = read(tmp_path, "[fair_use]\nactive_per_haulier = 40\n").fair_use
    assert fair_use.active_per_haulier == 40
    [below] = problems(tmp_path, HEAD + "[fair_use]\nactive_per_haulier = -1\n")
    assert "-1 must be within 0" in below
