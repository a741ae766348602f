"""Simulations with what makes them again: versions, digest; scenarios that planners saved.

What an earlier flowctl simulated was a comparison of another form, which no page draws any more.
"""

from alembic import op

revision = "0030"
down_revision = "0029"

CHANGES = """
delete from jobs;
alter table jobs
    -- Whether the production planner is in the loop: minutes, not seconds.
    add planned        boolean not null,
    add done           integer not null default 0,  -- replications
    add tries          integer not null default 0,  -- workers that took it up
    add error_kind     text,
    add version        text,    -- of flowctl, as the worker was
    add site_version   bigint,  -- no reference: a version of a site may be taken back
    add policy         text,
    add digest         text,
    add seconds        double precision,
    add summary        jsonb,   -- a few measures of the result, for lists
    add trucks         bytea,   -- of the first replication, gzipped JSON
    add over_wall_at   timestamptz,
    add opened_wall_at timestamptz not null default now();
create index jobs_waiting on jobs (planned, id) where state in ('waiting', 'running');
create index jobs_of on jobs (site, id);

create table scenarios (
    site       text not null references sites,
    id         text not null,
    name       jsonb not null,  -- by language
    text       text not null,   -- TOML
    owner      text not null,
    changed_wall_at timestamptz not null,
    primary key (site, id)
);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them, and what was simulated: its form is not the former one."""
    op.execute(
        "drop table scenarios;"
        "delete from jobs;"
        "drop index jobs_of, jobs_waiting;"
        "alter table jobs drop planned, drop done, drop tries, drop error_kind, drop version,"
        " drop site_version, drop policy, drop digest, drop seconds, drop summary, drop trucks,"
        " drop over_wall_at, drop opened_wall_at;"
    )
