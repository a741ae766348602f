"""What flowctl is made of, under which licences, and what is known against it: ``make audit``.

Writes into out/audit: a bill of materials of the Python packages and of the pages' (CycloneDX), the
licences as CSV, and what the advisories say. Ends with one JSON object; exit code 1 where a package
has an advisory of high severity (PyPI names none: each counts), or a licence that is not allowed.
An advisory service that did not answer is a sentence and a count, never a pass.
"""

import csv
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUT = ROOT / "out" / "audit"
WEB = ROOT / "api" / "web"
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")
ALLOWED = (
    *("mit", "mit-0", "mit-cmu", "mit license", "bsd", "bsd license", "isc", "0bsd", "zlib"),
    *("bsd-2-clause", "bsd-3-clause", "3-clause bsd license", "isc license", "cc0-1.0"),
    *("apache-2.0", "apache software license", "psf-2.0", "python software foundation license"),
    *("mpl-2.0", "mozilla public license 2.0", "lgpl-3.0-only", "unlicense", "python-2.0"),
    *("apache-2.0 with llvm-exception", "blueoak-1.0.0", "epl-2.0", "ofl-1.1"),
)
"""Licences that let flowctl be given to anybody: libraries under LGPL and MPL stay as they are."""
_NAME = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
_SEVERE = ("high", "critical")


def main() -> int:
    """Audit; return the exit code."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    unreached: list[str] = []
    licences = [*_python_licences(), *_page_licences()]
    _write_licences(licences)
    refused = [f"{name}: {licence}" for name, _, licence in licences if not is_allowed(licence)]
    _write_materials()
    severe = [*_python_advisories(unreached), *_page_advisories(unreached)]
    for sentence in (*unreached, *(f"A licence that is not allowed: {one}" for one in refused)):
        sys.stderr.write(f"{sentence}\n")
    for one in severe:
        sys.stderr.write(f"An advisory: {one}\n")
    told = {
        "packages": len(licences),
        "severe": severe,
        "licences_refused": refused,
        "unreached": unreached,
        "ok": not severe and not refused,
    }
    (OUT / "report.json").write_text(json.dumps(told, indent=1))
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if told["ok"] else 1


def is_allowed(licence: str) -> bool:
    """Tell whether a licence is one we may pass on; of several that may be chosen one is enough."""
    text = re.sub(r"\((mpl 2\.0|iscl)\)", "", licence.strip().lower()).strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    if " or " in text:
        return any(map(is_allowed, text.split(" or ")))
    parts = [one.strip(" ()") for one in re.split(r" and |; ", text)]
    return bool(text) and all(part in ALLOWED for part in parts)


def python_advisories(said: dict[str, Any]) -> tuple[list[str], int]:
    """Return what pip-audit found, and of how many packages it heard nothing."""
    found, silent = [], 0
    for package in said["dependencies"]:
        silent += "skip_reason" in package
        found += [
            f"{package['name']} {package['version']}: {one['id']}, mended in"
            f" {', '.join(one['fix_versions']) or 'no version yet'}"
            for one in package.get("vulns", ())
        ]
    return found, silent


def page_advisories(said: dict[str, Any]) -> list[str] | None:
    """Return what npm found of high severity; None where its service did not answer."""
    if "vulnerabilities" not in said:
        return None
    return [
        f"{name}: {one['severity']}, {one['range']}"
        for name, one in said["vulnerabilities"].items()
        if one["severity"] in _SEVERE
    ]


def _python_licences() -> Iterable[tuple[str, str, str]]:
    for name, version in _NAME.findall((ROOT / "requirements.txt").read_text()):
        try:
            known = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform: it is not given to anybody from here
        named = (known.get_all("Classifier") or ()) if "License-Expression" not in known else ()
        listed = [one.rpartition(" :: ")[2] for one in named if one.startswith("License :: ")]
        stated = known.get("License-Expression") or "; ".join(listed) or known.get("License") or ""
        yield name, version, stated.splitlines()[0] if stated else ""


def _page_licences() -> Iterable[tuple[str, str, str]]:
    lock = json.loads((WEB / "package-lock.json").read_text())
    for path, one in lock["packages"].items():
        if path and not one.get("dev") and not one.get("optional"):
            yield path.rpartition("node_modules/")[2], one["version"], one.get("license", "")


def _write_licences(licences: Iterable[tuple[str, str, str]]) -> None:
    with (OUT / "licences.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("package", "version", "licence"))
        writer.writerows(sorted(licences))


def _write_materials() -> None:
    _run("cyclonedx-py", "requirements", "requirements.txt", "-o", str(OUT / "sbom-python.json"))
    with tempfile.TemporaryDirectory() as folder:
        # npm names packages by their versions only, and the pages have none of their own.
        for file in ("package.json", "package-lock.json"):
            held = json.loads((WEB / file).read_text())
            held["version"] = held.get("version", importlib.metadata.version("flowctl"))
            if "packages" in held:
                held["packages"][""]["version"] = held["version"]
            Path(folder, file).write_text(json.dumps(held))
        where = ("--prefix", folder, "--package-lock-only", "--omit", "dev")
        made = _npm("sbom", *where, "--sbom-format", "cyclonedx")
    (OUT / "sbom-pages.json").write_text(json.dumps(json.loads(made.stdout), indent=1))


def _python_advisories(unreached: list[str]) -> list[str]:
    found: list[str] = []
    for lock in LOCKS:
        wish = ("--disable-pip", "--require-hashes", "--vulnerability-service", "pypi")
        done = _run("pip-audit", "-r", lock, *wish, "-f", "json", "--progress-spinner", "off")
        try:
            said = json.loads(done.stdout)
        except ValueError:
            last = (done.stderr.strip() or "nothing").splitlines()[-1]
            unreached.append(f"{lock}: PyPI's advisories did not answer ({last[:200]}).")
            continue
        (OUT / f"advisories-{lock.removesuffix('.txt')}.json").write_text(
            json.dumps(said, indent=1)
        )
        known, silent = python_advisories(said)
        found += [one for one in known if one not in found]
        if silent:
            all_of = len(said["dependencies"])
            unreached.append(
                f"{lock}: of {silent} of {all_of} packages PyPI's service knew nothing."
            )
    return found


def _page_advisories(unreached: list[str]) -> list[str]:
    done = _npm("audit", "--json", "--prefix", str(WEB))
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    (OUT / "advisories-pages.json").write_text(json.dumps(said, indent=1))
    found = page_advisories(said)
    if found is None:
        why = said.get("message", "no answer")
        unreached.append(f"package-lock.json: npm's advisories did not answer ({why}).")
    return found or []


def _npm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return _done([str(ROOT / "scripts" / "with_node"), "npm", *arguments])


def _run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return _done([str(ROOT / ".tools" / "audit" / "bin" / program), *arguments])


def _done(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
