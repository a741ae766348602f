"""People, their sessions, and who did what."""

from alembic import op

revision = "0023"
down_revision = "0022"

AUDIT = """
-- Who did what, when and from where. Like the ledger it is only added to, and it outlives what it
-- names: neither accounts nor trips are referred to. No personal data stands in it.
create table audit (
    id      bigint generated always as identity primary key,
    site    text not null,
    at      timestamptz not null,  -- domain time
    wall_at timestamptz not null default clock_timestamp(),
    account text not null,  -- an account's name, or source:NAME
    role    text not null,
    address inet,  -- null: not over the network
    act     text not null,
    subject text not null,
    before  jsonb,
    after   jsonb
);
create index audit_account on audit (account, id);
create index audit_subject on audit (subject, id);
create index audit_act on audit (act, id);
create index audit_at on audit (at);
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
    raise exception 'What was done stays written; a % of % is refused.', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;
create trigger audit_stands before update or delete on audit
    for each row execute function refuse_audit_change();
create trigger audit_is_not_emptied before truncate on audit
    execute function refuse_audit_change();
revoke update, delete, truncate on audit from public;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(AUDIT)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table audit")
    op.execute("drop function refuse_audit_change")
