"""The pages' types of the API: made of its description, and in the way of who drifts from it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import client_types
import pytest

WEB = client_types.FILE.parents[1]
ROOT = WEB.parents[1]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return client_types.described()


def test_the_pages_types_are_those_of_the_description(described: dict[str, Any]):
    assert client_types.FILE.read_text(encoding="utf-8") == client_types.rendered(described), (
        client_types.__doc__
    )


def test_a_field_that_gets_another_name_breaks_the_build(described: dict[str, Any], tmp_path: Path):
    answer = described["components"]["schemas"]["TripAnswer"]
    answer["properties"]["number_plate"] = answer["properties"].pop("plate")
    web = tmp_path / "api" / "web"
    shutil.copytree(WEB / "src", web / "src")
    shutil.copy(WEB / "tsconfig.json", web)
    (web / "node_modules").symlink_to(WEB / "node_modules")
    (tmp_path / "data").symlink_to(ROOT / "data")
    (web / "src" / "api.d.ts").write_text(client_types.rendered(described), encoding="utf-8")
    checked = subprocess.run(
        [ROOT / "scripts" / "with_node", "npx", "tsc", "--noEmit"],
        cwd=web,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode != 0
    for page in ("agency", "declare", "operator"):
        assert f"src/{page}/" in checked.stdout
    assert "'plate'" in checked.stdout
