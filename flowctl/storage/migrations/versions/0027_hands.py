"""What operators say of trucks by hand, faulty devices, and texts operators write to drivers."""

from alembic import op

revision = "0027"
down_revision = "0026"

CHANGES = """
-- That a truck came into a yard, or left its yard, by an operator's word. Nothing is changed of a
-- word but what became of it.
create table hand_words (
    id              bigint generated always as identity primary key,
    site            text not null references sites,
    trip_id         bigint not null references trips on delete cascade,
    what            text not null check (what in ('entered', 'left')),
    yard            text not null,
    at              timestamptz not null,
    counts_at       timestamptz not null,  -- what the place goes by: at, as far as one may say it
    reason          text not null,
    said_by         text not null,
    said_at         timestamptz not null,
    seconded_by     text,  -- a second person who bears out at
    seconded_at     timestamptz,
    undone_by       text,
    undone_at       timestamptz,
    -- what the truck's own device said against it: from when on, whether the truck cannot have been
    -- there at all, and when that was found
    over_at         timestamptz,
    is_false        boolean not null default false,
    contradicted_at timestamptz,
    check ((seconded_by is null) = (seconded_at is null)),
    check ((undone_by is null) = (undone_at is null)),
    check ((over_at is null) = (contradicted_at is null))
);
create index hand_words_trip on hand_words (trip_id, at);
create index hand_words_said on hand_words (site, said_at);

-- The stays that words which stand amount to: one ends with the trip's next word.
create view hand_stays as
select trip_id, yard, at as entered_at, least(next_at, over_at) as left_at, counts_at, site
from (
    select *, lead(at) over (partition by trip_id order by at, id) as next_at
    from hand_words where undone_at is null and not is_false
) w where what = 'entered';

-- When a device spoke wrongly. Its fixes are stored all the same.
create table device_faults (
    id        bigint generated always as identity primary key,
    device_id integer not null references devices on delete cascade,
    since     timestamptz not null,
    until     timestamptz,
    reason    text not null,
    marked_by text not null,
    ended_by  text,
    check (until > since),
    check ((until is null) = (ended_by is null))
);
create unique index device_faults_open on device_faults (device_id) where until is null;
create index device_faults_device on device_faults (device_id, since);

-- Arrivals as far as their devices can be believed: a stay that began while its device was faulty
-- is none, and one that ended while it was (left_at) has not ended by its word (sound_left_at).
create view sound_arrivals as
select v.id, v.device_id, v.zone, v.role, v.gate, v.entered_at, v.confirmed_at, v.left_at,
       v.seen_inside, v.received_at, v.counted_at, v.crossed, v.evidence, v.counts_at,
       case when f.id is null then v.left_at end as sound_left_at
from arrivals v
left join device_faults f on f.device_id = v.device_id
    and v.left_at >= f.since and v.left_at < coalesce(f.until, 'infinity')
where not exists (select from device_faults b where b.device_id = v.device_id
    and v.entered_at >= b.since and v.entered_at < coalesce(b.until, 'infinity'));

-- What operators wrote to drivers in words of their own; the outbox names it by its number.
create table desk_texts (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    text       text not null,
    parts      smallint not null,
    messages   integer not null,
    written_by text not null,
    written_at timestamptz not null
);
-- What a message says with the words of the text it names, where it names one.
create function worded(kind text, params jsonb) returns jsonb language sql stable as $$
    select case when kind <> 'desk' then params else params || coalesce((
        select jsonb_build_object('words', x.text) from desk_texts x
        where x.id = (params ->> 'text')::bigint), '{"words": ""}') end
$$;
create index desk_texts_written on desk_texts (site, written_at);

-- What a console sent, so that what is sent again acts once; digest of the act and its body.
create table hand_keys (
    site    text not null references sites,
    key     uuid not null,
    account text not null,
    digest  bytea not null,
    subject bigint,  -- what came of it: a trip, a word, a text
    at      timestamptz not null,
    primary key (site, key)
);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("""
drop function worded(text, jsonb);
drop table hand_keys, desk_texts;
drop view sound_arrivals, hand_stays;
drop table device_faults, hand_words;
""")
