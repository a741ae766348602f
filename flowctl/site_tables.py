"""Read tables written by people (TOML, GeoJSON properties) and gather every problem in sentences.

Where a value is wrong the reader notes a problem and returns a stand-in of the right type, so that
one reading finds all problems. A caller must not use what it read while there are problems.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sized
from typing import TypeVar, cast

LANGUAGES = ("vi", "zh", "en")
REMARKS = frozenset({"source", "confidence", "note"})  # allowed in every table, read by people
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}")

_Filled = TypeVar("_Filled", bound=Sized)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean …?" where a known word is close to ``word``, else nothing."""
    close = find_nearest(word, known)
    return "" if close is None else f', did you mean "{close}"?'


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is closest to ``word``, None where none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return close[0] if close else None


class Table:
    """One table of a file; each method reads one key, `close` refuses the keys nobody read.

    Parameters
    ----------
    values
        The table as parsed.
    where
        File and feature, the beginning of every sentence about this table.
    problems
        The list that sentences are added to.
    """

    __slots__ = ("_read", "_values", "problems", "where")

    def __init__(self, values: Mapping[str, object], where: str, problems: list[str]) -> None:
        self._values = values
        self._read: set[str] = set()
        self.where = where
        self.problems = problems

    def refuse(self, key: str, what: str) -> None:
        """Note that field ``key`` is wrong."""
        self.problems.append(f'{self.where}, field "{key}": {what}')

    def has(self, key: str) -> bool:
        """Tell whether the table has the key, with a value."""
        return self._values.get(key) is not None

    def peek(self, key: str) -> object:
        """Return the value of ``key``, None where it is missing; it is yet to be read."""
        return self._values.get(key)

    def raw(self, key: str, wanted: str) -> object:
        """Return the value of ``key`` as it is; None, with a problem noted, where it is missing."""
        self._read.add(key)
        value = self._values.get(key)
        if value is None:
            self.refuse(key, f"is missing; give {wanted}")
        return value

    def text(self, key: str) -> str:
        """Read a text that is not empty."""
        return self._of(key, str, "a text") or ""

    def identifier(self, key: str = "id") -> str:
        """Read a name for machines: small letters, digits, underscores."""
        value = self._of(key, str, "a name of small letters, digits and underscores")
        if value is not None and not IDENTIFIER.fullmatch(value):
            self.refuse(key, f'"{value}" must be small letters, digits and underscores, at most 40')
        return value or ""

    def one_of(self, key: str, known: Iterable[str], what: str) -> str:
        """Read a word out of ``known``."""
        words = sorted(known)
        value = self._of(key, str, f"one of {', '.join(words)}")
        if value is not None and value not in words:
            listed = nearest(value, words) or f"; known: {', '.join(words) or 'none'}"
            self.refuse(key, f'"{value}" is no known {what}{listed}')
            return ""
        return value or ""

    def number(self, key: str, *, least: float, most: float = math.inf) -> float:
        """Read a number within ``least`` … ``most``."""
        value = self.raw(key, "a number")
        if value is None:
            return float(least)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            self.refuse(key, f"{value!r} is not a number")
            return float(least)
        if not least <= value <= most:
            limits = f"at least {least:g}" if math.isinf(most) else f"within {least:g} … {most:g}"
            self.refuse(key, f"{value:g} must be {limits}")
            return float(least)
        return float(value)

    def whole(self, key: str, *, least: int, most: float = math.inf) -> int:
        """Read a whole number within ``least`` … ``most``."""
        value = self.number(key, least=least, most=most)
        if not value.is_integer():
            self.refuse(key, f"{value:g} must be a whole number")
        return int(value)

    def flag(self, key: str) -> bool:
        """Read true or false."""
        value = self.raw(key, "true or false")
        if value is not None and not isinstance(value, bool):
            self.refuse(key, f"{value!r} must be true or false")
        return value is True

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts that is not empty."""
        value = self._of(key, list, "a list of texts")
        if value is None:
            return ()
        if not all(isinstance(item, str) for item in value):
            self.refuse(key, f"{value!r} must be a list of texts")
            return ()
        return tuple(cast("list[str]", value))

    def subset(self, key: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
        """Read a list of words out of ``known``."""
        words = self.texts(key)
        for word in words:
            if word not in known:
                self.refuse(key, f'"{word}" is no {what}; known: {", ".join(known)}')
        return words

    def names(self, key: str = "name") -> dict[str, str]:
        """Read a name in each of the three languages."""
        table = self.table(key, f"a name in each of {', '.join(LANGUAGES)}")
        names = {language: table.text(language) for language in LANGUAGES} if table else {}
        if table:
            table.close()
        return names

    def table(self, key: str, wanted: str = "a table") -> "Table | None":
        """Read a table, or None with a problem noted."""
        value = self._of(key, dict, wanted)
        if value is None:
            return None
        return Table(cast("dict[str, object]", value), f"{self.where}, {key}", self.problems)

    def tables(self, key: str, what: str) -> list["Table"]:
        """Read a list of tables; each is called ``what`` and its id in sentences."""
        self._read.add(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.refuse(key, "must be a list of tables")
            return []
        return [
            Table(item, f"{self.where}, {what} {item.get('id', number)}", self.problems)
            for number, item in enumerate(cast("list[dict[str, object]]", value), start=1)
        ]

    def ignore(self, *keys: str) -> None:
        """Allow keys that are for people or other programs."""
        self._read.update(keys)

    def entries(self) -> list[str]:
        """Return the keys that are not remarks."""
        return [key for key in self._values if key not in REMARKS]

    def close(self) -> None:
        """Refuse the keys that were not read."""
        for key in self._values:
            if key not in self._read | REMARKS:
                self.refuse(key, f"is not known here{nearest(key, self._read)}")

    def _of(self, key: str, kind: type[_Filled], wanted: str) -> _Filled | None:
        value = self.raw(key, wanted)
        if value is None:
            return None
        if not isinstance(value, kind):
            self.refuse(key, f"{value!r} must be {wanted}")
            return None
        if len(value) == 0:
            self.refuse(key, f"is empty; give {wanted}")
            return None
        return value
