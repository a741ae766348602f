"""The fields of fees.toml: a site's schedule of fees, read strictly.

Every problem is a sentence. A trip must find at most one rate of a service; where the values of all
facts are known, exactly one: what costs nothing is written down as 0.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations, product

from flowctl.errors import SiteError
from flowctl.fees.schedule import Conditions, Facts, Per, Rate, Schedule, Service, meets
from flowctl.site_tables import Table, nearest
from flowctl.state import Cargo

FEES = "fees.toml"

MOST_VND = 1_000_000_000
"""Beyond any fee for one truck: a thousand million is a slip of the pen."""
_LONGEST_VERSION = 40
_MOST_FREE_H = 24.0 * 30
_FIXED: Mapping[str, tuple[str, ...]] = {
    "direction": ("export", "import"),
    "cargo": tuple(str(cargo) for cargo in Cargo),
    "nationality": ("VN", "CN", "other"),
    "load": ("laden", "empty"),
}
FACTS = (*_FIXED, "gate", "goods_class", "weight_class", "handover", "plants", "animals")
"""What rates may go by."""


def parse_fees(text: str, *, where: str) -> Schedule:
    """Make a schedule of its file's text; ``where`` begins every sentence about it.

    Raises
    ------
    SiteError
        Anything in the text is wrong; names all problems, one a line.
    """
    problems: list[str] = []
    schedule = read_fees(text, where, problems)
    if schedule is None or problems:
        raise SiteError("\n".join(problems))
    return schedule


def read_fees(text: str, where: str, problems: list[str]) -> Schedule | None:
    """Read a schedule; it is only fit for use where no problem was noted."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{where}: is no TOML: {error}")
        return None
    table = Table(values, where, problems)
    found = len(problems)
    schedule = Schedule(_version(table), _valid_from(table), _services(table))
    table.close()
    # A stand-in for a wrong value would overlap others by itself.
    if len(problems) == found:
        problems.extend(_overlaps(schedule, where))
    return schedule


def fees_faults(
    schedule: Schedule,
    known: Mapping[str, Collection[str]],
    stages: Collection[str] | None,
    where: str,
) -> Iterator[str]:
    """Yield a sentence for what a schedule names and the site has not, and for trips without rate.

    Parameters
    ----------
    known
        The values of facts beyond those that are the same everywhere: ``gate`` from site.toml,
        ``goods_class``, ``weight_class`` and ``handover`` from workflow.toml. Of a fact that is not
        named here any value will do.
    stages
        The stages of the site's workflow; None: it has none.
    """
    values = {**_FIXED, **{name: tuple(ids) for name, ids in known.items()}}
    for service in schedule.services:
        place = f"{where}, service {service.id}"
        wrong = list(_unknown_values(service, values, place))
        yield from wrong
        if service.after is not None and stages is not None and service.after not in stages:
            listed = nearest(service.after, stages) or "; known: " + ", ".join(sorted(stages))
            yield f'{place}, field "after": "{service.after}" is no stage of workflow.toml{listed}'
        if service.after is not None and stages is None:
            yield f'{place}, field "after": names a stage, and the site has no workflow.toml'
        if not wrong:
            yield from _gaps(service, values, place)


def _version(table: Table) -> str:
    version = table.text("version")
    if len(version) > _LONGEST_VERSION or not version.isprintable():
        table.refuse("version", f"is at most {_LONGEST_VERSION} characters that can be printed")
    return version


def _valid_from(table: Table) -> datetime:
    wanted = "a moment with its zone, such as 2024-01-23T00:00:00+07:00"
    value = table.raw("valid_from", wanted)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if value is not None:
        table.refuse("valid_from", f"{value} must be {wanted}")
    return datetime.min.replace(tzinfo=UTC)


def _services(table: Table) -> tuple[Service, ...]:
    read = table.tables("service", "service")
    services = tuple(_service(one) for one in read)
    seen: set[str] = set()
    for one, service in zip(read, services, strict=True):
        if service.id in seen:
            one.refuse("id", f'"{service.id}" is there twice; give each service an id of its own')
        seen.add(service.id)
    return services


def _service(table: Table) -> Service:
    per = Per(table.one_of("per", Per, "unit") or Per.TRIP) if table.has("per") else Per.TRIP
    rates = tuple(_rate(one) for one in table.tables("rate", "rate"))
    if not rates:
        table.refuse("rate", "is missing; give at least one amount, 0 where nothing is paid")
    free_h = 0.0
    if table.has("free_h"):
        free_h = table.number("free_h", least=0, most=_MOST_FREE_H)
        if per is not Per.DAY:
            table.refuse("free_h", 'is for a service by days; add per = "day", or leave it out')
    service = Service(
        id=table.identifier(),
        name=table.names(),
        rates=rates,
        per=per,
        applies=_conditions(table),
        after=table.identifier("after") if table.has("after") else None,
        free_h=free_h,
    )
    table.ignore("per", "free_h", "after", "rate")
    table.close()
    return service


def _rate(table: Table) -> Rate:
    rate = Rate(table.whole("amount_vnd", least=0, most=MOST_VND), _conditions(table))
    table.close()
    return rate


def _conditions(owner: Table) -> Conditions:
    table = owner.table("applies") if owner.has("applies") else None
    owner.ignore("applies")
    if table is None:
        return {}
    conditions: dict[str, tuple[str, ...]] = {}
    for fact in table.entries():
        if fact in FACTS:
            conditions[fact] = table.texts(fact)
        else:
            listed = nearest(fact, FACTS) or "; known: " + ", ".join(FACTS)
            table.refuse(fact, f"is no fact of a declaration{listed}")
            table.ignore(fact)
    table.close()
    return conditions


def _overlaps(schedule: Schedule, where: str) -> Iterator[str]:
    """Yield a sentence for every two rates of a service that one trip could meet both."""
    for service in schedule.services:
        for (first, one), (second, other) in combinations(enumerate(service.rates, start=1), 2):
            named = one.applies.keys() & other.applies.keys()
            if all(set(one.applies[fact]) & set(other.applies[fact]) for fact in named):
                yield (
                    f"{where}, service {service.id}: rates {first} and {second} are both for the"
                    " same trips; let their conditions exclude each other"
                )


def _unknown_values(
    service: Service, values: Mapping[str, Sequence[str]], place: str
) -> Iterator[str]:
    for conditions in (service.applies, *(rate.applies for rate in service.rates)):
        for fact, wanted in conditions.items():
            for value in wanted:
                if fact in values and value not in values[fact]:
                    known = nearest(value, values[fact]) or "; known: " + ", ".join(values[fact])
                    yield f'{place}, field "{fact}": "{value}" is no {fact}{known}'


def _gaps(service: Service, values: Mapping[str, Sequence[str]], place: str) -> Iterator[str]:
    """Yield a sentence for the first trips that no rate is for."""
    asked = sorted({fact for rate in service.rates for fact in rate.applies})
    if not all(fact in values for fact in asked):
        return
    choices = [service.applies.get(fact, tuple(values[fact])) for fact in asked]
    for combination in product(*choices):
        facts: Facts = dict(zip(asked, combination, strict=True))
        if not any(meets(rate.applies, facts) for rate in service.rates):
            said = ", ".join(f"{fact} {value}" for fact, value in facts.items())
            yield (
                f"{place}: no rate is for a trip with {said}; give one, with amount_vnd = 0 where"
                " nothing is paid"
            )
            return
