"""A calibration as files: the scenario, a report with what it rests on, pictures of the fits."""

from collections.abc import Sequence
from pathlib import Path

import tomlkit

from flowctl.site import Site
from simulations.calibrate.findings import Calibration, Finding, days_text
from simulations.calibrate.plots import save_arrivals, save_laws

_HOW = (
    "Laws are chosen by Akaike's criterion (AIC, the least is best); where even the best lies"
    " further from the sample than one in a hundred samples of itself would, the sample's own law"
    " is taken."
)
SCENARIO, REPORT, ARRIVALS, LAWS = "scenario.toml", "report.md", "arrivals.png", "laws.png"


def write_calibration(found: Calibration, folder: Path, *, site: Site) -> list[Path]:
    """Write a calibration into a folder, made where it is missing, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {SCENARIO: scenario_text(found), REPORT: report_text(found, site)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    save_arrivals(found, folder / ARRIVALS, site=site)
    pictures = [ARRIVALS]
    if found.samples:
        save_laws(found.samples, folder / LAWS)
        pictures.append(LAWS)
    return [folder / name for name in (*texts, *pictures)]


def scenario_text(found: Calibration) -> str:
    """Return the scenario as TOML, in comments what each key rests on."""
    lines = ["# Fitted to stored days; what each key rests on:", "#"]
    lines += [
        f"# {one.key}: {one.value} ({_trucks(one.count)}; {one.how})"
        for one in found.findings
        if one.fitted
    ]
    lines += ["#", "# Could not be fitted, so a default holds:", "#"]
    lines += [
        f"# {one.key}: {one.value} ({one.how}{_of(one)})"
        for one in found.findings
        if not one.fitted
    ]
    return "\n".join(lines) + "\n\n" + tomlkit.dumps(found.table)


def report_text(found: Calibration, site: Site) -> str:
    """Return the report as Markdown."""
    first, last = found.days[0], found.days[-1]
    lines = [f"# {site.name['en']}, {first} to {last}: what was fitted", ""]
    lines.append(f"{days_text(len(found.days))} with trucks.")
    if found.empty:
        listed = ", ".join(str(day) for day in found.empty)
        lines[-1] += f" Nothing is stored of {listed}; they count for nothing."
    if found.stood:
        lines[-1] += f" {stood_text(found.stood)}"
    lines += [
        "",
        f"Play it: `flowctl simulate {SCENARIO}`. {_HOW}",
        "",
        "## Fitted",
        "",
        *_table([one for one in found.findings if one.fitted], "how well"),
        "",
        "## Not fitted",
        "",
        *_table([one for one in found.findings if not one.fitted], "why a default holds"),
        "",
        f"![Arrivals by hour]({ARRIVALS})",
    ]
    if found.samples:
        lines += ["", f"![Durations and the laws fitted to them]({LAWS})"]
    return "\n".join(lines) + "\n"


def stood_text(count: int) -> str:
    """Return what became of trucks that were there when storing began, as a sentence."""
    trucks = f"{count:,} truck{'s' * (count != 1)}"
    return (
        f"When storing began {trucks} stood in a yard already, first seen within minutes: counted"
        " as standing when the day began, not among arrivals, checks or drivers' papers."
    )


def _table(findings: Sequence[Finding], how: str) -> list[str]:
    head = [f"| key | value | seen | {how} |", "|---|---|---|---|"]
    return head + [f"| {one.key} | {one.value} | {one.count:,} | {one.how} |" for one in findings]


def _trucks(count: int) -> str:
    return f"{count:,} seen"


def _of(one: Finding) -> str:
    return f"; {_trucks(one.count)}" if one.count else ""
