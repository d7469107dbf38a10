-- taskhub.local_instant: the first instant at which clocks show a time or a later one.
begin;
\ir helpers/taskhub_test.sql
select plan(10);

select is(taskhub.local_instant(at, zone), wanted, what) from (values
    ('an ordinary time', '2026-07-01 12:00'::timestamp, 'Europe/Berlin', '2026-07-01 10:00Z'::timestamptz),
    ('the last before a gap', '2026-03-29 01:59:59', 'Europe/Berlin', '2026-03-29 00:59:59Z'),
    ('the first in it', '2026-03-29 02:00', 'Europe/Berlin', '2026-03-29 01:00Z'),
    ('the last in it', '2026-03-29 02:59:59', 'Europe/Berlin', '2026-03-29 01:00Z'),
    ('the first after it', '2026-03-29 03:00', 'Europe/Berlin', '2026-03-29 01:00Z'),
    ('a gap of a day', '2011-12-30 00:00', 'Pacific/Apia', '2011-12-30 10:00Z'),
    ('the first of two', '2026-10-25 02:00', 'Europe/Berlin', '2026-10-25 00:00Z'),
    ('the first of two, at their end', '2026-10-25 02:59:59', 'Europe/Berlin', '2026-10-25 00:59:59Z'),
    ('the first that is there once again', '2026-10-25 03:00', 'Europe/Berlin', '2026-10-25 02:00Z')) c(what, at, zone, wanted);

-- Whatever the zone: later times never have earlier instants.
select is_empty($$
    select zone, at from (
        select zone, at, taskhub.local_instant(at, zone) as it, lag(taskhub.local_instant(at, zone)) over (partition by zone order by at) as before
        from unnest(array['America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'Antarctica/Troll', 'Africa/Casablanca']) zone,
             generate_series('2026-01-01'::timestamp, '2026-12-31', '3 hours 17 minutes') at) all_
    where it < before $$, 'they never go back');

select * from finish();
rollback;
