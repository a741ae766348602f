"""Every text a site was loaded with and from when it holds; drafts of zones."""

from alembic import op

revision = "0025"
down_revision = "0024"

CHANGES = """
-- The texts of a site's files in the order they were stored; the newest may be yet to begin.
create table site_versions (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    starts_at  timestamptz not null,
    made_at    timestamptz not null,
    made_by    text not null,
    why        text not null,
    definition jsonb not null  -- {"toml": …, "zones": …, "roads": …, "policy": …}
);
create index site_versions_of on site_versions (site, id);
insert into site_versions (site, starts_at, made_at, made_by, why, definition)
    select id, loaded_at, loaded_at, '', '', definition from sites;
alter table sites drop column definition;

-- What somebody is drawing: one at a time for each account.
create table zone_drafts (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    base       bigint not null references site_versions on delete cascade,
    former     bigint references site_versions on delete cascade,  -- the version brought back
    made_by    text not null,
    made_at    timestamptz not null,
    changed_at timestamptz not null,
    revision   integer not null default 1,
    features   jsonb not null,
    unique (site, made_by)
);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them; of each site the newest text stays."""
    op.execute(
        "alter table sites add definition jsonb;"
        "update sites set definition = (select definition from site_versions v"
        "  where v.site = sites.id order by v.id desc limit 1);"
        "alter table sites alter definition set not null;"
        "drop table zone_drafts, site_versions;"
    )
