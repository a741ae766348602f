"""What a revision may do while the version before it works on: add, and nothing else."""

import re
from collections.abc import Callable, Sequence
from io import StringIO

import pytest
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from flowctl.storage.migrate import list_contracting
from flowctl.storage.schema import REVISIONS, head_revision

FIRST = "0033"
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_REFUSED = (
    r"\bdrop\b(?!\s+(?:index|constraint|default|not null)\b)",
    r"\brename\b",
    r"\balter (?:column )?\w+ (?:set data )?type\b",
    r"\bset not null\b",
    r"\badd (?:column )?(?!constraint\b)(?=[^,;]*\bnot null\b)(?![^,;]*\bdefault\b)",
    # Built while nobody may write: too long where every fix adds to it.
    r"\bcreate (?:unique )?index (?!concurrently)(?:if not exists )?\w+ on (?:fixes|visits)\b",
    r"\badd constraint\b(?![^,;]*\bnot valid\b)",
)


def taken_away(sql: str) -> list[str]:
    """Return what of a revision's statements the version before it could stumble over."""
    text = " ".join(_COMMENTS.sub(" ", sql).lower().split())
    return [
        found.group()
        for statement in text.split(";")
        # What is made by the same revision, nobody knows yet.
        if not re.match(r"\s*create (?:table|function|view)\b", statement)
        for pattern in _REFUSED
        for found in re.finditer(pattern, statement)
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "alter table trips drop column plate",
        "alter table trips drop plate",
        "drop table trips",
        "alter table trips rename to journeys",
        "alter table trips alter column plate type varchar(9)",
        "alter table trips alter plate set not null",
        "alter table trips add column at timestamptz not null",
        "alter table trips add a text default 'x', add column at timestamptz not null",
        "create index fixes_again on fixes (received_at)",
        "alter table trips add constraint short check (length(plate) < 9)",
    ],
)
def test_what_the_version_before_stumbles_over_is_found(sql: str):
    assert taken_away(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "create table more (id int not null, name text not null)",
        "alter table trips add column more text, add column n int not null default 0",
        "create index trips_again on trips (site) -- drop table trips",
        "drop index trips_again",
        "alter table trips alter column plate drop not null",
        "alter table trips add constraint short check (length(plate) < 9) not valid",
    ],
)
def test_what_only_adds_is_let_through(sql: str):
    assert taken_away(sql) == []


def test_every_revision_adds_or_says_that_it_takes_something_away():
    for script in _scripts():
        if script.revision >= FIRST and script.revision not in list_contracting():
            assert taken_away(_sql_of(script.module.upgrade)) == [], script.path


def test_revisions_are_numbered_files_of_which_the_last_is_the_head():
    numbers = sorted(path.name[:4] for path in REVISIONS.glob("[0-9]*.py"))
    assert [script.revision for script in _scripts()] == numbers
    assert head_revision() == numbers[-1]


def _scripts() -> Sequence[Script]:
    config = Config()
    config.set_main_option("script_location", str(REVISIONS.parent))
    return list(ScriptDirectory.from_config(config).walk_revisions())[::-1]


def _sql_of(upgrade: Callable[[], None]) -> str:
    """Return what a revision would say to PostgreSQL."""
    said = StringIO()
    options = {"as_sql": True, "output_buffer": said}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        upgrade()
    return said.getvalue()
