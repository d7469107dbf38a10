-- taskhub.cron_last: the last due time up to a given one.
begin;
\ir helpers/taskhub_test.sql
select plan(6);

select is(taskhub.cron_last(expression, zone, due, until), wanted, what) from (values
    ('the due time itself', '0 * * * *', 'UTC', '2026-01-01 10:00Z'::timestamptz, '2026-01-01 10:59:59.9Z'::timestamptz, '2026-01-01 10:00Z'::timestamptz),
    ('until is included', '0 * * * *', 'UTC', '2026-01-01 10:00Z', '2026-01-01 12:00Z', '2026-01-01 12:00Z'),
    ('just before it', '0 * * * *', 'UTC', '2026-01-01 10:00Z', '2026-01-01 11:59:59.999999Z', '2026-01-01 11:00Z'),
    ('after years of seconds', '* * * * * *', 'UTC', '2020-01-01Z', '2026-01-01 11:59:59.5Z', '2026-01-01 11:59:59Z'),
    ('a rare one', '0 0 29 2 *', 'UTC', '2000-02-29Z', '2026-01-01Z', '2024-02-29Z'),
    ('in an hour that the clocks show twice', '30 1 * * *', 'America/New_York', '2026-10-01 05:30Z', '2026-11-01 06:45Z',
     '2026-11-01 05:30Z')) c(what, expression, zone, due, until, wanted);

select * from finish();
rollback;
