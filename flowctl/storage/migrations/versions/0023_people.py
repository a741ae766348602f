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

PEOPLE = """
-- Whose an account is: one person's, at one post. Null in what was there before: nobody said.
alter table accounts
    add column person text,  -- the full name: personal data
    add column post text,
    add column agency text check (agency in ('customs', 'border_guard', 'plant_quarantine',
                                             'health_quarantine', 'tax')),
    add column email text,  -- by which a sign-in elsewhere is known; in small letters
    add column subject text unique,  -- who that was the first time, which then holds
    add column made_wall_at timestamptz not null default now(),
    add column disabled_wall_at timestamptz,
    add column totp_cipher bytea,  -- the authenticator's secret, encrypted
    add column totp_wall_at timestamptz,  -- when a code proved it; null: not asked for yet
    add column totp_step bigint,  -- of the last code taken, which is good once
    add constraint accounts_agency_of_officers check (agency is null or role = 'officer');
create unique index accounts_email on accounts (email);

-- What lets its owner in without the authenticator, once each.
create table recovery_codes (
    account   text not null references accounts on delete cascade,
    code_hash bytea not null,  -- sha-256 of 80 random bits
    primary key (account, code_hash)
);

-- A session stays for a while after its end, so that its page can be told why.
alter table sessions
    add column id uuid not null default gen_random_uuid() unique,
    add column address inet,
    add column browser text,
    add column by_other boolean not null default false,  -- signed in at the OIDC provider
    add column seen_wall_at timestamptz,  -- by the minute
    add column ended_wall_at timestamptz,
    add column ended_why text check (ended_why in ('left', 'ended', 'password', 'disabled'));
update sessions set seen_wall_at = now();
alter table sessions alter column seen_wall_at set not null;
create index sessions_account on sessions (account, created_wall_at);
create index sessions_ended on sessions (ended_wall_at) where ended_wall_at is not null;
"""

SCOPES = """
-- What a source's tokens may do, and what one of them may at most; null: all its source may.
alter table sources add column scopes text[] not null default '{positions}'
    check (scopes <@ array['positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics']);
update sources s set scopes = array['positions', 'site', 'metrics']
    || case when witnesses then array['witness'] else '{}' end
    -- Until now every source might register trips: those keep it that did.
    || case when exists (select from trips t where t.registered_by = 'source:' || s.name)
       then array['trips:read', 'trips:write'] else '{}' end;
alter table sources drop column witnesses;
alter table source_tokens
    add column id uuid not null default gen_random_uuid() unique,
    add column scopes text[]
    check (scopes <@ array['positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics']);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(AUDIT)
    op.execute(PEOPLE)
    op.execute(SCOPES)


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table source_tokens drop column scopes, drop column id")
    op.execute("alter table sources add column witnesses boolean not null default false")
    op.execute("update sources set witnesses = 'witness' = any(scopes)")
    op.execute("alter table sources drop column scopes")
    op.execute("delete from sessions where ended_wall_at is not null")
    op.execute(
        "alter table sessions drop column id, drop column address, drop column browser,"
        " drop column by_other, drop column seen_wall_at, drop column ended_wall_at,"
        " drop column ended_why"
    )
    op.execute("drop index sessions_account")
    op.execute("drop table recovery_codes")
    op.execute(
        "alter table accounts drop constraint accounts_agency_of_officers, drop column person,"
        " drop column post, drop column agency, drop column email, drop column subject,"
        " drop column made_wall_at, drop column disabled_wall_at, drop column totp_cipher,"
        " drop column totp_wall_at, drop column totp_step"
    )
    op.execute("drop table audit")
    op.execute("drop function refuse_audit_change")
