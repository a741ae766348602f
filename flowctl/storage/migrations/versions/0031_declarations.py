"""One declaration for every agency: stages of a trip, papers, fees, crossings, partners.

Ciphers are nonce and cipher text (AES-256-GCM); the key of what is somebody's own is itself stored
encrypted, beside what it opens, so that to erase the key is to erase what it was for.
"""

from alembic import op

revision = "0031"
down_revision = "0030"

WORKFLOWS = """
create table workflows (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    version    text not null,
    valid_from timestamptz not null,
    definition text not null,  -- workflow.toml as it was loaded
    loaded_by  text not null,
    loaded_at  timestamptz not null,
    unique (site, version)
);

-- By which variant a gate hands trucks over while the file's hours say another; by hand.
create table handovers (
    id        bigint generated always as identity primary key,
    site      text not null references sites,
    gate      text not null,
    direction text not null,
    variant   text not null,
    begins_at timestamptz not null,
    ends_at   timestamptz,
    reason    text not null,
    set_by    text not null,
    set_at    timestamptz not null,
    ended_by  text,
    ended_at  timestamptz
);
create index handovers_gate on handovers (site, gate, direction, begins_at);

alter table trips
    -- What its stages do not allow yet: 'slot', 'release', 'gate'. Empty: nothing is in its way.
    add locked        text[] not null default '{}',
    -- When a stage of it runs out next, and its stages are to be worked out again.
    add stages_due_at timestamptz;
create index trips_stages_due on trips (stages_due_at) where state = 'active';

-- Where each stage stands, worked out from stage_records at every act; open ones are work lists.
create table trip_stages (
    trip_id    bigint not null references trips on delete cascade,
    stage      text not null,
    site       text not null,
    gate       text not null,      -- the trip's preferred one
    direction  text not null,
    desk       text,               -- whose it is; null: nobody's by hand
    position   smallint not null,  -- in the file's order
    state      text not null
               check (state in ('waiting', 'ready', 'asked', 'confirmed', 'refused', 'expired')),
    since      timestamptz not null,
    record_id  bigint,
    expires_at timestamptz,
    beyond     boolean not null default false, -- it comes after the crossing that ends the trip
    open       boolean not null default true,  -- its trip is active, or crossed and it is beyond
    primary key (trip_id, stage)
);
-- Every list, however it is narrowed down, is a few walks along this one.
create index trip_stages_open on trip_stages
    (site, desk, stage, state, gate, direction, since, trip_id)
    where open and state <> 'confirmed';

-- A trip is ended in several places, and none may leave its stages in the work lists.
create function close_trip_stages() returns trigger language plpgsql as $$
begin
    update trip_stages set open = (new.state = 'active' or new.state = 'cleared' and beyond)
        where trip_id = new.id;
    return null;
end $$;
create trigger trip_stages_close after update of state on trips
    for each row when (old.state is distinct from new.state) execute function close_trip_stages();

-- What was said of stages; only added to.
create table stage_records (
    id          bigint generated always as identity primary key,
    trip_id     bigint not null references trips on delete cascade,
    stage       text not null,
    act         text not null
                check (act in ('confirmed', 'refused', 'asked', 'answered', 'withdrawn')),
    origin      text not null
                check (origin in ('hand', 'system', 'visit', 'camera', 'payment', 'partner')),
    said_by     text not null,     -- an account, or source:NAME
    desk        text,
    at          timestamptz not null,
    recorded_at timestamptz not null,
    reason      text,              -- a code
    note        text,
    settled     jsonb not null default '{}',  -- facts the stage settles, such as the cargo class
    evidence    jsonb not null default '{}',  -- a visit, a camera's reading, a payment
    key         text unique        -- of what reported it, so that it counts once
);
create index stage_records_trip on stage_records (trip_id, id);
create index stage_records_recorded on stage_records (recorded_at);
"""

DECLARATIONS = """
alter table drivers add data_key bytea;  -- encrypted; opens what is this person's own

-- What a trip's one declaration says beside what places in the order rest on.
create table declarations (
    trip_id        bigint primary key references trips on delete cascade,
    workflow_id    bigint references workflows,
    variant        text,
    handover       text,
    trailer        text,
    nationality    text not null default 'VN' check (nationality in ('VN', 'CN', 'other')),
    load           text not null default 'laden' check (load in ('laden', 'empty')),
    goods          text,
    goods_class    text,
    goods_code     text,
    weight_class   text,
    value_vnd      bigint,
    keeps_h        real,               -- how long the goods keep
    temperature_c  real,
    pair_plate     text,               -- the other truck of a transshipment
    customer       text,
    driver_cipher  bytea,              -- name, licence, until when: by the driver's data_key
    licence_until  date,
    consent_at     timestamptz,
    marks          text[] not null default '{}',
    origins        jsonb not null default '{}',  -- by field, from whom it came if not declared
    settled        jsonb not null default '{}',  -- by field, the stage that settled it
    customs_number text,
    changed_at     timestamptz not null,
    revision       integer not null default 1
);
create index declarations_changed on declarations (changed_at, trip_id);
-- Whose drivers are still known by name.
create index declarations_named on declarations (trip_id) where driver_cipher is not null;
create index declarations_pair on declarations (pair_plate) where pair_plate is not null;
create index trips_haulier_active on trips (site, haulier) where state = 'active';
create unique index trips_one_active_per_declaration on trips (site, declaration)
    where state = 'active' and declaration is not null;

create table drafts (
    id         uuid primary key,
    site       text not null references sites,
    account    text not null,
    cipher     bytea not null,
    revision   integer not null,
    trip_id    bigint references trips on delete set null,
    changed_at timestamptz not null
);
create index drafts_account on drafts (site, account, changed_at);

create table templates (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    account    text not null,
    name       text not null,
    customer   text,
    cipher     bytea not null,
    changed_at timestamptz not null,
    unique (site, account, name)
);

-- What came of tables of trips: a request that comes again is answered the same.
create table imports (
    id      bigint generated always as identity primary key,
    site    text not null references sites,
    account text not null,
    cipher  bytea not null,
    made_at timestamptz not null
);
create index imports_made on imports (site, made_at);

create table appeals (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    haulier    text not null,
    about      text not null,  -- 'penalty:12', 'ban:PLATE', 'quota'
    trip_id    bigint references trips on delete set null,
    words      text not null,
    made_at    timestamptz not null,
    state      text not null default 'open' check (state in ('open', 'granted', 'refused')),
    decided_by text,
    decided_at timestamptz,
    answer     text
);
create unique index appeals_open on appeals (site, haulier, about) where state = 'open';
create index appeals_haulier on appeals (site, haulier, made_at);
"""

PAPERS = """
create table documents (
    id           uuid primary key,
    site         text not null references sites,
    trip_id      bigint references trips on delete cascade,
    draft_id     uuid references drafts on delete cascade,
    kind         text not null,
    name_cipher  bytea,          -- null once erased
    media_type   text not null,
    size_bytes   integer not null,
    digest       bytea,          -- keyed: what is sent again is known; null once erased
    data_key     bytea,          -- encrypted; null once erased
    state        text not null default 'unscanned'
                 check (state in ('unscanned', 'clean', 'infected', 'unscannable', 'erased')),
    finding      text,           -- a scanner's word
    scans        smallint not null default 0,
    scan_wall_at timestamptz not null default '-infinity',  -- not before then
    opened_at    timestamptz,    -- first by somebody who did not add it
    added_by     text not null,
    added_at     timestamptz not null,
    check (num_nonnulls(trip_id, draft_id) = 1)
);
create index documents_trip on documents (trip_id);
create index documents_draft on documents (draft_id);
create index documents_held on documents (added_at) where data_key is not null;
create index documents_unscanned on documents (site, scan_wall_at) where state = 'unscanned';

create table document_parts (
    document_id uuid not null references documents on delete cascade,
    part        smallint not null,
    cipher      bytea not null,
    primary key (document_id, part)
);
-- What is encrypted cannot be made smaller.
alter table document_parts alter column cipher set storage external;
"""

FEES = """
create table fee_schedules (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    version    text not null,
    valid_from timestamptz not null,
    definition text not null,  -- fees.toml as it was loaded
    loaded_by  text not null,
    loaded_at  timestamptz not null,
    unique (site, version)
);

-- What a trip owes: worked out anew when its facts change, until it is paid.
create table dues (
    trip_id     bigint primary key references trips on delete cascade,
    schedule_id bigint not null references fee_schedules,
    lines       jsonb not null,
    withheld    jsonb not null default '[]',  -- services that wait for a stage or a fact
    total_vnd   bigint not null,
    paid_vnd    bigint not null default 0,
    -- Since when its stage of fees is confirmed; days in a yard count no further.
    settled_at  timestamptz,
    computed_at timestamptz not null
);

create table payments (
    id          bigint generated always as identity primary key,
    site        text not null references sites,
    trip_id     bigint references trips on delete set null,
    plate       text not null,
    gate        text,
    schedule_id bigint not null references fee_schedules,
    amount_vnd  bigint not null check (amount_vnd <> 0),  -- below 0: given back
    services    jsonb not null,  -- what of it is for which service
    method      text not null,   -- cash, transfer, or a provider's name
    reference   text not null,
    receipt     bigint not null, -- by site and year, without gaps
    year        integer not null,
    paid_at     timestamptz not null,
    recorded_by text not null,
    recorded_at timestamptz not null,  -- the day it is settled with
    origin      text not null check (origin in ('hand', 'payment')),
    of_payment  bigint unique references payments,  -- what a refund gives back
    reason      text,                               -- of a refund
    check ((of_payment is null) = (amount_vnd > 0)),
    check ((of_payment is null) = (reason is null)),
    unique (site, method, reference),
    unique (site, year, receipt)
);
create index payments_trip on payments (trip_id);
create index payments_day on payments (site, recorded_at);
"""

CROSSINGS = """
create table crossings (
    id          bigint generated always as identity primary key,
    site        text not null references sites,
    trip_id     bigint references trips on delete set null,
    plate       text not null,
    gate        text not null,
    direction   text not null check (direction in ('export', 'import')),
    load        text,
    at          timestamptz not null,
    due_at      timestamptz,          -- by when it must be back; null: it need not
    returned_at timestamptz,
    return_id   bigint references crossings,
    recorded_at timestamptz not null,
    recorded_by text not null
);
create index crossings_at on crossings (site, at);
create index crossings_away on crossings (site, due_at) where due_at is not null
    and returned_at is null;
create index crossings_plate on crossings (site, plate, at);
create unique index crossings_trip on crossings (trip_id) where trip_id is not null;
create unique index crossings_seen on crossings (site, plate, direction, at);
"""

PARTNERS = """
alter table sources drop constraint sources_scopes_check;
alter table sources add constraint sources_scopes_check check (scopes <@ array[
    'positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics', 'declarations:read',
    'stages:read', 'stages:write', 'facts:write', 'crossings:read', 'crossings:write', 'hooks']);
alter table source_tokens drop constraint source_tokens_scopes_check;
alter table source_tokens add constraint source_tokens_scopes_check check (scopes <@ array[
    'positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics', 'declarations:read',
    'stages:read', 'stages:write', 'facts:write', 'crossings:read', 'crossings:write', 'hooks']);
alter table sources
    add agency      text,   -- for which desk it speaks; null: for none
    add hook_cipher bytea;  -- the secret its signed messages are checked with
alter table webhooks add source_id smallint references sources;

-- What partners reported, by their own ids: a repeated message counts once.
create table heard_hooks (
    source_id smallint not null references sources,
    message   text not null,
    digest    bytea not null,
    answer    jsonb not null,
    at        timestamptz not null,
    primary key (source_id, message)
);
create index heard_hooks_at on heard_hooks (at);

-- Where a partner says another thing than the declaration: shown, and decided by a person.
create table conflicts (
    id         bigint generated always as identity primary key,
    trip_id    bigint not null references trips on delete cascade,
    field      text not null,
    ours       jsonb,
    theirs     jsonb,
    source     text not null,
    at         timestamptz not null,
    state      text not null default 'open' check (state in ('open', 'kept', 'taken')),
    decided_by text,
    decided_at timestamptz
);
create unique index conflicts_open on conflicts (trip_id, field, source) where state = 'open';

-- What a partner knows of journeys that nobody declared yet: it fills forms in.
create table foreknown (
    id        bigint generated always as identity primary key,
    site      text not null references sites,
    source    text not null,
    reference text not null,
    plate     text,
    facts     jsonb not null,
    at        timestamptz not null,
    taken_by  bigint references trips on delete set null,
    unique (site, source, reference)
);
create index foreknown_plate on foreknown (site, plate) where taken_by is null;
create index foreknown_reference on foreknown (site, reference) where taken_by is null;
"""

FEED = """
-- What partners pull, by kind: a declaration (by its trip), what was said of a stage, a crossing.
-- A row is numbered when somebody pulls, not when it is written: what a long transaction commits
-- late gets a number that is higher than any that was read before.
create table feed (
    kind text not null,
    id   bigint not null,
    seq  bigint,  -- null: new, or changed since it was numbered
    primary key (kind, id)
);
create unique index feed_seq on feed (kind, seq) where seq is not null;
create index feed_new on feed (kind, id) where seq is null;
create table feed_heads (
    kind text primary key,
    last bigint not null default 0  -- its row's lock is the turn of who numbers
);

create function feed_row() returns trigger language plpgsql as $$
declare
    changed record;
    row_id  bigint;
begin
    if tg_op = 'DELETE' then changed := old; else changed := new; end if;
    if tg_argv[0] = 'declaration' then row_id := changed.trip_id; else row_id := changed.id; end if;
    if tg_op = 'DELETE' then
        delete from feed where kind = tg_argv[0] and id = row_id;
    elsif tg_op = 'INSERT' then
        insert into feed (kind, id) values (tg_argv[0], row_id);
    else
        -- Also where it is new still: whoever numbers meanwhile skips what is locked.
        update feed set seq = null where kind = tg_argv[0] and id = row_id;
    end if;
    return null;
end $$;
create trigger declarations_feed after insert or update or delete on declarations
    for each row execute function feed_row('declaration');
create trigger stage_records_feed after insert or delete on stage_records
    for each row execute function feed_row('stage');
create trigger crossings_feed after insert or update or delete on crossings
    for each row execute function feed_row('crossing');

create function feed_trip() returns trigger language plpgsql as $$
begin
    update feed set seq = null where kind = 'declaration' and id = new.id;
    return null;
end $$;
create trigger trips_feed
    after update of state, plate, cargo, gates, ready_at, weight_t, haulier, declaration on trips
    for each row
    when ((old.state, old.plate, old.cargo, old.gates, old.ready_at, old.weight_t, old.haulier,
        old.declaration) is distinct from (new.state, new.plate, new.cargo, new.gates,
        new.ready_at, new.weight_t, new.haulier, new.declaration))
    execute function feed_trip();
"""

SCOPES_OF_BEFORE = """
update sources set scopes = array(select unnest(scopes) intersect select unnest(array[
    'positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics']));
update source_tokens set scopes = array(select unnest(scopes) intersect select unnest(array[
    'positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics']))
    where scopes is not null;
alter table sources drop constraint sources_scopes_check;
alter table sources add constraint sources_scopes_check check (scopes <@ array[
    'positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics']);
alter table source_tokens drop constraint source_tokens_scopes_check;
alter table source_tokens add constraint source_tokens_scopes_check check (scopes <@ array[
    'positions', 'witness', 'site', 'trips:read', 'trips:write', 'metrics']);
"""


def upgrade() -> None:
    """Make them."""
    for part in (WORKFLOWS, DECLARATIONS, PAPERS, FEES, CROSSINGS, PARTNERS, FEED):
        op.execute(part)


def downgrade() -> None:
    """Drop them."""
    op.execute(SCOPES_OF_BEFORE)
    op.execute(
        "drop trigger trips_feed on trips;"
        "drop trigger declarations_feed on declarations;"
        "drop trigger stage_records_feed on stage_records;"
        "drop trigger crossings_feed on crossings;"
        "drop function feed_trip, feed_row;"
        "drop table feed, feed_heads;"
    )
    op.execute(
        "drop table foreknown, conflicts, heard_hooks, crossings, payments, dues, fee_schedules,"
        " document_parts, documents, appeals, imports, templates, drafts, declarations,"
        " stage_records, trip_stages, handovers, workflows;"
        "drop index trips_one_active_per_declaration, trips_haulier_active, trips_stages_due;"
        "alter table webhooks drop source_id;"
        "alter table sources drop agency, drop hook_cipher;"
        "alter table drivers drop data_key;"
        "drop trigger trip_stages_close on trips; drop function close_trip_stages;"
        "alter table trips drop locked, drop stages_due_at;"
    )
