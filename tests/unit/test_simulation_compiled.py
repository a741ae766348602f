"""What was compiled of a rule is never served once the rule was changed."""

from pathlib import Path

import pytest

from simulations.compiled import cache_folder, compiled


def test_a_changed_source_has_another_folder(tmp_path: Path):
    room = tmp_path / "room"
    room.mkdir()
    source = room / "rule.py"
    source.write_text("LIMIT = 1\n")
    before = cache_folder(tmp_path, [room])
    assert cache_folder(tmp_path, [room]) == before
    source.write_text("LIMIT = 2\n")
    assert cache_folder(tmp_path, [room]) != before


def test_a_source_that_came_or_took_another_name_has_another_folder(tmp_path: Path):
    source = tmp_path / "rule.py"
    source.write_text("")
    before = cache_folder(tmp_path, [tmp_path])
    source.rename(tmp_path / "other.py")
    renamed = cache_folder(tmp_path, [tmp_path])
    (tmp_path / "more.py").write_text("")
    assert len({before, renamed, cache_folder(tmp_path, [tmp_path])}) == 3


def test_a_function_whose_source_nobody_watches_is_not_compiled():
    def double(number: float) -> float:
        return 2.0 * number

    with pytest.raises(ValueError, match="would not be noticed"):
        compiled(double)
