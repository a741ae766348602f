import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.errors import FlowctlError
from flowctl.registry.plates import PlateForm, parse_plate


@pytest.mark.parametrize(
    ("typed", "text", "form"),
    [
        ("12C-123.45", "12C12345", PlateForm.VN),
        ("12c 123 45", "12C12345", PlateForm.VN),
        ("29LD-123.45", "29LD12345", PlateForm.VN),
        ("12R-001.23", "12R00123", PlateForm.VN),
        ("80 NG 001-02", "80NG00102", PlateForm.VN),
        ("桂A·12345", "桂A12345", PlateForm.CN),
        ("桂Ａ１２３４５", "桂A12345", PlateForm.CN),
        ("桂f d12345", "桂FD12345", PlateForm.CN),
        ("粤B1234挂", "粤B1234挂", PlateForm.CN),
        ("AB-1234-X", "AB1234X", PlateForm.OTHER),
    ],
)
def test_a_plate_has_one_spelling_and_a_form(typed: str, text: str, form: PlateForm):
    plate = parse_plate(typed)
    assert (plate.text, plate.form) == (text, form)


@pytest.mark.parametrize(
    "typed", ["", "  ", "---", "123", "TRUCK", "1" * 13, "12C;123", "12C\x0012"]
)
def test_what_is_no_plate_is_refused(typed: str):
    with pytest.raises(FlowctlError, match="no number plate"):
        parse_plate(typed)


@settings(deadline=None)
@given(st.text(max_size=15))
def test_a_plate_in_its_one_spelling_stays_as_it_is(typed: str):
    try:
        plate = parse_plate(typed)
    except FlowctlError:
        return
    assert parse_plate(plate.text) == plate


@settings(deadline=None)
@given(
    st.from_regex(r"\A[1-9]\d[A-Z]\d{5}\Z"),
    st.lists(st.sampled_from([" ", "-", ".", ""]), min_size=8, max_size=8),
)
def test_separators_make_no_other_truck(plate: str, separators: list[str]):
    spaced = "".join(letter + gap for letter, gap in zip(plate, separators, strict=True))
    assert parse_plate(spaced) == parse_plate(plate)
