"""Drivers' answers are understood in three languages, with accents or none; nothing is guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.registry.wishes import Answer, Wish, read_answer, read_answer_of, read_delay


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *(
            (text, Wish.ACCEPT)
            for text in ("1", " 1. ", "OK", "Đồng ý", "dong y", "CÓ", "好的", "１", "1 👍🏽")
        ),
        *(
            (text, Wish.CANNOT_COME)
            for text in ("2", "Hủy", "không đến được", "KHONG DI DUOC", "取消。", "cancel")
        ),
        *((text, Wish.STATUS) for text in ("?", "？", "Ở đâu", "thứ mấy", "where am I", "查询")),
        *((text, Wish.STOP) for text in ("STOP", "stop!", "Dừng nhận tin", "退订")),
        *((text, Wish.START) for text in ("start", "Nhận tin", "恢复")),
    ],
)
def test_a_digit_or_a_word_says_what_the_driver_wants(text: str, wish: Wish):
    assert read_answer(text) == Answer(wish)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("3 20", 20),
        ("3, 45 phút", 45),
        ("３ ３０", 30),
        ("trễ 30", 30),
        ("Muộn 30p", 30),
        ("đến muộn 1 tiếng", 60),
        ("tre 1h30", 90),
        ("late 1 hour 15 min", 75),
        ("晚到40分钟", 40),
        ("迟到2小时", 120),
    ],
)
def test_a_delay_is_read_in_minutes(text: str, minutes: int):
    assert read_answer(text) == Answer(Wish.LATE, minutes)


@pytest.mark.parametrize("text", ["3", "late", "3 0", "3 9999", "trễ", "muốn 2 giờ"])
def test_a_delay_that_says_no_minutes_or_too_many_has_to_be_asked_for(text: str):
    assert read_answer(text) == Answer(Wish.LATE, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "👍",
        "320",
        "12",
        "11",
        "1 2",
        "tôi đang ăn cơm",
        "no problem",
        "3 phut nua",
        "ok " * 700,
        "-1",
        "1?",
        *("đúng", "Đừng", "dừng", "dung", "ngừng"),
        *("không", "Khong", "no", "N", "不"),
    ],
)
def test_what_is_not_clear_is_not_guessed_at(text: str):
    assert read_answer(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("30", 30), ("３０ phút.", 30), ("5", 5), ("3 phut", 3), ("1 tiếng", 60)),
        *(
            (text, None)
            for text in ("1", "2", "4", "0", "1441", "12345", "14h", "không", "30 xe", "")
        ),
    ],
)
def test_minutes_we_asked_for_need_no_word_and_small_digits_stay_what_they_are(
    text: str, minutes: int | None
):
    assert read_delay(text) == minutes


MINE = ["12C12345", "29H67120", "桂F12345"]


@pytest.mark.parametrize(
    ("text", "answer", "plate"),
    [
        ("1 67120", Answer(Wish.ACCEPT), "29H67120"),
        ("khong den duoc 29H-671.20", Answer(Wish.CANNOT_COME), "29H67120"),
        ("? 12c 123 45", Answer(Wish.STATUS), "12C12345"),
        ("3 20 7120", Answer(Wish.LATE, 20), "29H67120"),
        ("好的 桂F12345", Answer(Wish.ACCEPT), "桂F12345"),
        ("1", Answer(Wish.ACCEPT), None),
    ],
)
def test_a_plate_or_its_end_after_the_answer_says_which_truck(
    text: str, answer: Answer, plate: str | None
):
    assert read_answer_of(text, MINE) == (answer, plate)


@pytest.mark.parametrize("text", ["1 20", "1 12345", "1 99999", "tôi 67120", "67120"])
def test_an_end_too_short_or_of_two_trucks_or_of_none_names_nothing(text: str):
    assert read_answer_of(text, MINE) == (None, None)


def test_a_number_that_may_be_minutes_names_no_truck():
    assert read_answer_of("3 120", MINE) == (Answer(Wish.LATE, 120), None)


@settings(max_examples=50)
@given(st.text(max_size=2500))
def test_any_text_is_read_or_left(text: str):
    answer = read_answer(text)
    assert answer is None or answer.late_min is None or 0 < answer.late_min <= 24 * 60
