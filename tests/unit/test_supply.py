"""What ``make audit`` decides: which licences pass, what counts as severe, what was not heard."""

import re
from pathlib import Path

import pytest
import supply

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0 AND MIT", "(MIT OR GPL-3.0-only)", "ISC License (ISCL)", "MPL-2.0"],
)
def test_a_licence_we_may_pass_on_is_allowed(licence: str):
    assert supply.is_allowed(licence)


@pytest.mark.parametrize("licence", ["", "AGPL-3.0-only", "MIT AND GPL-3.0-only", "Proprietary"])
def test_no_other_one_is_nor_none(licence: str):
    assert not supply.is_allowed(licence)


def test_every_package_that_is_given_to_people_has_a_licence_that_is_allowed():
    listed = [*supply._python_licences(), *supply._page_licences()]  # noqa: SLF001 - as it runs
    assert len(listed) > 100
    assert [one for one in listed if not supply.is_allowed(one[2])] == []


def test_an_advisory_about_a_python_package_counts_and_silence_is_no_pass():
    said = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},
            {"name": "b", "version": "1", "vulns": []},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    assert supply.python_advisories(said) == (["a 1: CVE-1, mended in 2"], 1)


def test_of_the_pages_packages_high_and_critical_advisories_count():
    of = {name: {"severity": name, "range": "<2"} for name in ("low", "moderate", "high")}
    assert supply.page_advisories({"vulnerabilities": of}) == ["high: high, <2"]
    assert supply.page_advisories({"vulnerabilities": {}}) == []
    assert supply.page_advisories({"message": "405 Method Not Allowed"}) is None


def test_the_audits_own_tools_are_locked():
    names = re.findall(r"^([\w-]+)==", (ROOT / "requirements-audit.txt").read_text(), re.MULTILINE)
    assert {"pip-audit", "cyclonedx-bom"} <= set(names)
