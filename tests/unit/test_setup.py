"""What a newcomer's first command rests on: locks that hold, sentences where something lacks."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-build.txt",
    "requirements-audit.txt",
)


def locked(name: str) -> dict[str, set[str]]:
    """Return each locked package with its versions: more than one where Pythons differ."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(
        r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE
    ):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_carries_hashes(name: str):
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert len(entries) > 5
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", [*LOCKS, "api/web/package-lock.json"])
def test_a_lock_names_no_host_and_no_path(name: str):
    text = (ROOT / name).read_text()
    assert not re.search(r"--(extra-)?index-url|--find-links|\"resolved\"", text)
    assert not re.search(r"(file|git\+https?)://| @ ", text)


@pytest.mark.parametrize(
    ("requirements", "lock"),
    [
        (PROJECT["dependencies"], "requirements.txt"),
        (PROJECT["optional-dependencies"]["dev"], "requirements-dev.txt"),
    ],
    ids=["runtime", "tests"],
)
def test_the_lock_satisfies_what_the_project_asks_for(requirements: list[str], lock: str):
    versions = locked(lock)
    for requirement in map(Requirement, requirements):
        found = versions.get(canonicalize_name(requirement.name))
        assert found, f"{requirement} is missing in {lock}: run make lock"
        for version in found:
            assert requirement.specifier.contains(version), f"{lock} is stale: run make lock"


def test_the_tests_run_on_the_versions_that_people_get():
    runtime, tests = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {name: tests.get(name) for name in runtime} == runtime


def test_one_version_of_uv_is_used_everywhere():
    named = [
        *re.findall(r"uv_version=(\S+)", (ROOT / "scripts/make_venv").read_text()),
        *re.findall(r"uv==([\d.]+)", (ROOT / "Dockerfile").read_text()),
    ]
    assert len(named) == 2
    assert len(set(named)) == 1


def make_venv(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script in an empty folder: it must refuse before it makes anything."""
    shutil.copy(ROOT / "scripts/make_venv", folder)
    return subprocess.run(
        ["./make_venv"],
        cwd=folder,
        env={"PYTHON": python, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder: Path, body: str) -> str:
    program = folder / "fake-python"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path: Path):
    python = fake_python(tmp_path, '[ "$1" = --version ] && echo "Python 3.9.2" && exit; exit 1')
    refused = make_venv(tmp_path, python)
    assert refused.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in refused.stderr
    assert "is Python 3.9.2" in refused.stderr
    assert "make setup PYTHON=" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_that_is_not_there_is_named_as_missing(tmp_path: Path):
    refused = make_venv(tmp_path, str(tmp_path / "nowhere"))
    assert refused.returncode == 1
    assert "is missing" in refused.stderr


def test_a_python_without_venv_is_told_which_package_to_install(tmp_path: Path):
    python = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')
    refused = make_venv(tmp_path, python)
    assert refused.returncode == 1
    assert "apt-get install python3-venv" in refused.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    "target",
    ["setup", "demo", "test", "quick", "screenshots", "clean-root", "lock", "clean"],
)
def test_make_explains_each_of_its_targets(target: str):
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(rf"^make {target} +\w", said.stdout, re.MULTILINE)
    known = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False)
    assert known.returncode == 0, known.stderr


def test_ci_runs_everything_and_forgives_no_skip():
    script = (ROOT / ".ci/run").read_text()
    assert "export CI=true" in script
    assert re.search(r"^exec make test\b", script, re.MULTILINE)
