"""What every command shares."""

import psycopg
import pytest
import typer

from flowctl.shell import sentences, telling


def test_a_log_has_a_line_for_each_stage_and_not_for_each_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with telling("starting") as tell:
        for share in range(100):
            tell(f"reading: {share} %")
        tell("writing")
    assert capsys.readouterr().err == "starting\nreading: 0 %\nwriting\n"
    monkeypatch.setattr("flowctl.shell._LINE_EVERY_S", 0.0)
    with telling() as tell:
        for share in range(3):
            tell(f"reading: {share} %")
    said = capsys.readouterr()
    assert said.err == "starting\nreading: 0 %\nreading: 1 %\nreading: 2 %\n"
    assert not said.out, "standard output is for what was asked"


def test_a_database_without_tables_is_told_from_one_that_is_away(
    capsys: pytest.CaptureFixture[str],
):
    with pytest.raises(typer.Exit), sentences():
        raise psycopg.errors.UndefinedTable('relation "ledger" does not exist\nLINE 1: …')
    assert capsys.readouterr().err == (
        'The database lacks a table (relation "ledger" does not exist); run: flowctl migrate\n'
    )
