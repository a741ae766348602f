"""One gateway's table of the gateways file, with what every kind of gateway has."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from flowctl.notify.gateways import Tariff
from flowctl.settings import find_secret
from flowctl.site_tables import Table


class GatewayTable(Table):
    """Reads one gateway; ``folder`` is the file's own, from which relative paths begin."""

    __slots__ = ("_environment", "folder")

    def __init__(
        self,
        values: Mapping[str, object],
        where: str,
        problems: list[str],
        folder: Path,
        environment: Mapping[str, str] | None,
    ) -> None:
        super().__init__(values, where, problems)
        self.folder = folder
        self._environment = environment

    @property
    def name(self) -> str:
        """Return what the gateway is called; read and checked before."""
        return str(self._values.get("name", ""))

    def below(self, key: str, wanted: str) -> "GatewayTable | None":
        """Read a table within; None with a problem noted."""
        found = self.table(key, wanted)
        if found is None:
            return None
        values = cast("Mapping[str, object]", self._values[key])
        return GatewayTable(values, found.where, self.problems, self.folder, self._environment)

    def number_or(self, key: str, default: float, *, least: float, most: float) -> float:
        """Read a number that need not be there."""
        return self.number(key, least=least, most=most) if self.has(key) else default

    def texts_or(self, key: str) -> tuple[str, ...]:
        """Read a list of texts that need not be there."""
        return self.texts(key) if self.has(key) else ()

    def text_or_none(self, key: str) -> str | None:
        """Read a text that need not be there."""
        return self.text(key) if self.has(key) else None

    def pace(self) -> tuple[float, int]:
        """Read how many parts a second, and how many messages at once, the gateway may be given."""
        rate = self.number("rate_per_s", least=0.01, most=10_000)
        return rate, self.whole("window", least=1, most=1_000)

    def tariff(self) -> Tariff | None:
        """Read what a part costs, where the file says it."""
        if not self.has("price_per_part"):
            return None
        currency = self.text("currency")
        if len(currency) != 3 or not currency.isupper():  # noqa: PLR2004 - ISO 4217
            self.refuse("currency", f'"{currency}" must be three capitals, such as VND')
        table = self.below("price_per_part", 'prices by how a number begins, such as "+84" = 350')
        if table is None:
            return None
        prices = {start: table.price(start) for start in table.entries()}
        for start in prices:
            if start and not (start.startswith("+") and start[1:].isdigit()):
                table.refuse(start, 'must be how a number begins, such as "+84", or "" for others')
        table.close()
        return Tariff(currency, prices)

    def price(self, key: str) -> Decimal:
        """Read a price, as exact as it is written."""
        value = self.raw(key, "a price")
        try:
            price = Decimal(str(value)) if isinstance(value, str | int | float) else Decimal("NaN")
        except InvalidOperation:
            price = Decimal("NaN")
        if isinstance(value, bool) or not price.is_finite() or price < 0:
            self.refuse(key, f"{value!r} is not a price")
            return Decimal(0)
        return price

    def secret(self, what: str) -> SecretStr:
        """Read a secret from where ``…_env`` or ``…_file`` says that it is.

        What ``…_env`` names may stand in a file of secrets, too; see `flowctl.settings`.
        """
        by_env, by_file = f"{what}_env", f"{what}_file"
        if self.has(what):
            self.ignore(what)
            self.refuse(what, f"a secret does not stand in this file; give {by_env} or {by_file}")
            return SecretStr("")
        if self.has(by_env) == self.has(by_file):
            self.refuse(by_env, f"give it, or {by_file}, and not both: where the {what} is found")
            self.ignore(by_env, by_file)
            return SecretStr("")
        key = by_env if self.has(by_env) else by_file
        named = self.text(key)
        if self._environment is None or not named:
            return SecretStr("")
        found = (
            find_secret(named, self._environment)
            if key == by_env
            else self._content_of(key, named).strip()
        )
        if not found and key == by_env:
            self.refuse(key, f"the environment has no {named}, or it is empty; set it")
        return SecretStr(found)

    def _content_of(self, key: str, named: str) -> str:
        try:
            content = (self.folder / named).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.refuse(key, f"{self.folder / named} cannot be read: {error}")
            return ""
        if not content.strip():
            self.refuse(key, f"{self.folder / named} is empty")
        return content
