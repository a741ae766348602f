"""Orders on paper, and what happened by them; heads that go out by webhook."""

from alembic import op

revision = "0013"
down_revision = "0012"

CHANGES = """
-- Orders as printed: the very bytes that were signed. They hold plates, and are dropped in time.
create table paper_orders (
    site        text not null references sites,
    mark        bigint not null,  -- the number its printed code holds
    gate        text not null,
    made_at     timestamptz not null,
    valid_until timestamptz not null,
    head_seq    bigint not null,  -- the ledger's newest row then
    content     bytea not null,
    key         bytea check (length(key) = 32),  -- null: nobody signed
    signature   bytea check (length(signature) = 64),
    primary key (site, mark)
);
create index paper_orders_made on paper_orders (site, gate, made_at);

-- What the sheets of an order said happened, as entered afterwards.
create table paper_entries (
    site        text not null,
    mark        bigint not null,
    trip_id     bigint not null references trips on delete cascade,
    event       text not null check (event in ('released', 'entered', 'cleared', 'no_show')),
    at          timestamptz not null,
    who         text not null,  -- who wrote it down
    entered_by  text not null,
    entered_at  timestamptz not null,
    primary key (site, mark, trip_id, event),
    foreign key (site, mark) references paper_orders on delete cascade
);

create table webhooks (
    id            bigint generated always as identity primary key,
    site          text not null references sites,
    url           text not null,
    secret_cipher bytea not null,
    events        text[] not null,
    created_by    text not null,
    created_at    timestamptz not null,
    unique (site, url)
);

-- One row a message and receiver, written with what it tells of.
create table webhook_deliveries (
    id           bigint generated always as identity primary key,
    webhook_id   bigint not null references webhooks on delete cascade,
    message      text not null,  -- the same at each try: receivers know a repeated one by it
    body         text not null,
    state        text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')),
    attempts     integer not null default 0,
    next_wall_at timestamptz not null default now(),
    sent_at      timestamptz,
    trouble      text  -- why the last try failed
);
create index webhook_deliveries_waiting on webhook_deliveries (next_wall_at)
    where state = 'waiting';
create index webhook_deliveries_webhook on webhook_deliveries (webhook_id, id);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table webhook_deliveries, webhooks, paper_entries, paper_orders")
