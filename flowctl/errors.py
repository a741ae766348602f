"""The errors people see: each is a sentence that names what is wrong, where, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

Value = str | int | float | datetime | tuple[str, ...] | None
"""What a refusal names: codes and names as they are, instants, and numbers."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot be, or is to be looked at twice: for machines, and for every language.

    ``sentence`` is in English. ``kind`` names the words of the catalogue (``refusals``) that say
    the same, ``values`` what they name: ``trip`` and ``other_trip`` are numbers of trips, which
    people are shown as plates. Without a kind there are no words but the sentence.
    """

    sentence: str
    kind: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


class FlowctlError(Exception):
    """Anything flowctl refuses or cannot do; ``str(error)`` is fit to show to a user.

    What a person can meet on a page has a ``kind`` and ``values``, see `Refusal`.
    """

    def __init__(
        self,
        sentence: str = "",
        *,
        kind: str | None = None,
        values: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.refusal = Refusal(sentence, kind, values or {})

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """Return the error that says a refusal."""
        return cls(refusal.sentence, kind=refusal.kind, values=refusal.values)


class SiteError(FlowctlError):
    """A site's files are not fit for use; names the file, the feature and the field."""


class ConflictError(FlowctlError):
    """The request contradicts what is already true, such as a second active trip for a plate."""


class NotFoundError(FlowctlError):
    """What was asked for does not exist."""


class UnavailableError(FlowctlError):
    """A store that must answer does not; the caller should try again."""
