"""CSV files: no text in them is ever a formula."""

import csv
import io
from datetime import UTC, datetime

import pytest

from flowctl.csv_text import csv_text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_text_that_would_be_a_formula_gets_an_apostrophe(start: str):
    text = csv_text(["plate"], [[f'{start}cmd|"/c calc"!A1']])
    (_, row) = csv.reader(io.StringIO(text, newline=""))
    assert row == [f'\'{start}cmd|"/c calc"!A1']


def test_a_header_is_defused_too():
    assert csv_text(["@gate"], []) == "'@gate\r\n"


def test_numbers_moments_truths_and_gaps_stay_what_they_are():
    at = datetime(2024, 1, 23, 20, tzinfo=UTC)
    text = csv_text(["a", "b", "c", "d", "e"], [[-3, 1.5, at, True, None]])
    assert text.splitlines()[1] == "-3,1.5,2024-01-23T20:00:00+00:00,true,"


def test_commas_quotes_and_lines_stay_inside_their_cell():
    cells = ['Hữu Nghị, "làn 2"', "one\ntwo"]
    (_, row) = csv.reader(io.StringIO(csv_text(["x", "y"], [cells]), newline=""))
    assert row == cells


def test_the_mark_for_excel_comes_only_when_asked():
    assert csv_text(["x"], [], for_excel=True) == "\ufeffx\r\n"
    assert csv_text(["x"], []) == "x\r\n"
