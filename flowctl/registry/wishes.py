"""What a driver's SMS means: digits, or the words people write in three languages.

Letters count without accents and case, full-width digits as digits, and emoji not at all. What is
neither a known word nor a number is not guessed at.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flowctl.registry.plates import strip_mark

_LATEST_MIN = 24 * 60  # a larger number is a slip: nobody holds a slot for a day
_LEAST_BARE_MIN = 5  # a smaller bare number is one of the digits that ask for something
_LONGEST = 160  # letters; a longer text is no answer
_LEAST_END = 3  # letters or digits of a plate's end that name it
_MOST_WORDS = 3  # of a plate, as "12C 123 45"


class Wish(StrEnum):
    """What an answer asks for."""

    ACCEPT = "accept"
    CANNOT_COME = "cannot_come"
    LATE = "late"
    STATUS = "status"
    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was understood.

    ``late_min`` is the delay of `Wish.LATE` in minutes, None where the driver did not say it.
    """

    wish: Wish
    late_min: int | None = None


_WORDS = {
    Wish.ACCEPT: (
        *("1", "ok", "oke", "okay", "yes", "y", "accept"),
        *("co", "dong y", "nhan", "duoc"),
        *("好", "好的", "可以", "同意", "接受", "收到", "是"),
    ),
    Wish.CANNOT_COME: (
        # Never a bare no: it may answer anything, and a cancelled trip does not come back.
        *("2", "cancel", "cannot come", "can't come", "cant come"),
        *("huy", "huy chuyen", "khong den", "khong den duoc", "khong di", "khong di duoc"),
        *("取消", "不来", "不去", "来不了", "去不了", "不能来"),
    ),
    Wish.STATUS: (
        *("?", "where", "where am i", "status"),
        *("o dau", "toi o dau", "thu may", "bao gio"),
        *("查询", "状态", "几号", "排到哪", "多少号"),
    ),
    Wish.STOP: (
        *("stop", "unsubscribe"),
        # Never a bare "dung": without accents it is "right" as well as "don't" and "halt".
        *("dung nhan tin", "ngung nhan tin"),
        *("退订", "停止"),
    ),
    Wish.START: (
        *("start", "resume"),
        *("nhan tin", "nhan lai", "nhan tin lai"),
        *("恢复", "开始"),
    ),
}
_WISHES = {word: wish for wish, words in _WORDS.items() for word in words}

_MINUTES = r"(?:p|ph|phut|m|min|mins|minute|minutes|分|分钟)"
_HOURS = r"(?:(?P<clock>h|gio)|tieng|hour|hours|小时|个小时)"
_DELAY = (
    rf"(?:(?P<hours>\d{{1,2}}) ?{_HOURS}(?: ?(?P<and>\d{{1,2}}) ?{_MINUTES}?)?"
    rf"|(?P<minutes>\d{{1,4}}) ?(?P<unit>{_MINUTES})?)"
)
_BARE_DELAY = re.compile(_DELAY)
_LATE = re.compile(
    r"(?:(?P<digit>3)|tre|(?P<muon>muon)|den muon|den tre|late|迟到|晚到|晚点|晚|迟)"
    rf"(?:(?(digit)[ :,.-]+|[ :,.-]*){_DELAY})?"
)


def read_answer(text: str) -> Answer | None:
    """Return what a text asks for; None where it says nothing we know.

    A delay of no minutes or of more than a day counts as not said.
    """
    plain = _plain(text)
    if len(plain) > _LONGEST:
        return None
    if plain in _WISHES:
        return Answer(_WISHES[plain])
    late = _LATE.fullmatch(plain)
    if late is None:
        return None
    # Without accents "muon 2 gio" is "two hours late" as well as "I want two o'clock".
    unclear = late["muon"] is not None and late["clock"] is not None
    return Answer(Wish.LATE, None if unclear else _minutes(late))


def read_delay(text: str) -> int | None:
    """Return the minutes that a text names as the answer to "how many minutes late?".

    A bare number below 5 is one of the digits that ask for something, and no delay; "2h" may be a
    time of day.
    """
    delay = _BARE_DELAY.fullmatch(_plain(text))
    if delay is None or delay["clock"] is not None:
        return None
    said = _minutes(delay)
    bare = delay["minutes"] is not None and delay["unit"] is None
    return None if bare and (said or 0) < _LEAST_BARE_MIN else said


def _minutes(delay: re.Match[str]) -> int | None:
    hours, rest, minutes = (int(delay[name] or 0) for name in ("hours", "and", "minutes"))
    said = 60 * hours + rest + minutes
    return said if 0 < said <= _LATEST_MIN else None


def read_answer_of(text: str, plates: Sequence[str]) -> tuple[Answer | None, str | None]:
    """Return what a text asks for, and which of a driver's ``plates`` it names at its end.

    ``1 12345`` is meant for the truck whose plate ends so; three letters or digits are the least. A
    number that may be minutes as well as a plate names none.
    """
    whole = read_answer(text)
    if whole is not None:
        return whole, None
    words = text[: 2 * _LONGEST].split()
    for taken in range(1, min(len(words), _MOST_WORDS + 1)):
        answer = read_answer(" ".join(words[:-taken]))
        end = strip_mark("".join(words[-taken:]))
        meant = [plate for plate in plates if plate.endswith(end)]
        if answer is not None and len(meant) == 1 and len(end) >= _LEAST_END:
            return answer, meant[0]
    return None, None


def _plain(text: str) -> str:
    """Return a text in small plain letters, with single spaces and without closing dots."""
    apart = unicodedata.normalize("NFKD", text[: 2 * _LONGEST]).casefold().replace("đ", "d")
    kept = (letter for letter in apart if unicodedata.category(letter) not in _LEFT_OUT)
    return " ".join("".join(kept).split()).rstrip(".!,;。！，； ")


_LEFT_OUT = frozenset({"Mn", "Me", "So", "Sk", "Cf", "Co", "Cn"})
"""Accents, emoji and what joins them."""
