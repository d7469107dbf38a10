-- taskhub.cron_next: when a cron expression is due next, in time zones and over changes of their clocks.
begin;
\ir helpers/taskhub_test.sql
select plan(92);
set local time zone 'Asia/Kolkata'; -- the session's own zone must not matter

create temp table cases (n serial, what text, expression text, zone text, after timestamptz, due timestamptz);
insert into cases (what, expression, zone, after, due) values
    -- fields
    ('every minute', '* * * * *', 'UTC', '2026-01-01 10:00:00Z', '2026-01-01 10:01Z'),
    ('just before a minute', '* * * * *', 'UTC', '2026-01-01 10:00:59.999999Z', '2026-01-01 10:01Z'),
    ('just after it', '* * * * *', 'UTC', '2026-01-01 10:01:00.000001Z', '2026-01-01 10:02Z'),
    ('every second', '* * * * * *', 'UTC', '2026-01-01 10:00:00.5Z', '2026-01-01 10:00:01Z'),
    ('six fields begin with seconds', '30 15 10 * * *', 'UTC', '2026-01-01 10:15:29Z', '2026-01-01 10:15:30Z'),
    ('and on the second itself it is past', '30 15 10 * * *', 'UTC', '2026-01-01 10:15:30Z', '2026-01-02 10:15:30Z'),
    ('a step', '*/15 * * * *', 'UTC', '2026-01-01 10:31Z', '2026-01-01 10:45Z'),
    ('a step that does not divide', '*/25 * * * *', 'UTC', '2026-01-01 10:50Z', '2026-01-01 11:00Z'),
    ('a value with a step goes on to the end', '7/20 * * * *', 'UTC', '2026-01-01 10:30Z', '2026-01-01 10:47Z'),
    ('a range', '0 9-17 * * *', 'UTC', '2026-01-01 17:00Z', '2026-01-02 09:00Z'),
    ('a range with a step', '0 9-17/4 * * *', 'UTC', '2026-01-01 09:00Z', '2026-01-01 13:00Z'),
    ('a list', '5,10,55 * * * *', 'UTC', '2026-01-01 10:10Z', '2026-01-01 10:55Z'),
    ('a list of ranges, in any order', '50-52,3 * * * *', 'UTC', '2026-01-01 10:52Z', '2026-01-01 11:03Z'),
    ('a step beyond the field', '*/90 * * * *', 'UTC', '2026-01-01 10:10Z', '2026-01-01 11:00Z'),
    ('leading zeros', '05 09 01 01 *', 'UTC', '2026-01-01 09:05Z', '2027-01-01 09:05Z'),
    ('blanks and tabs', E'  0\t0   1 1  * ', 'UTC', '2026-05-01Z', '2027-01-01Z'),
    ('the end of a year', '0 0 1 1 *', 'UTC', '2026-12-31 23:59:59Z', '2027-01-01Z'),
    ('the last second of a day', '59 59 23 * * *', 'UTC', '2026-12-31 23:59:58.9Z', '2026-12-31 23:59:59Z'),
    ('the next hour, where this one is over', '0,30 8,20 * * *', 'UTC', '2026-01-01 08:30Z', '2026-01-01 20:00Z'),
    ('the next minute, where its seconds are over', '0 10,20 * * * *', 'UTC', '2026-01-01 08:10:01Z', '2026-01-01 08:20Z'),
    -- names
    ('names of months', '0 0 1 FEB *', 'UTC', '2026-03-01Z', '2027-02-01Z'),
    ('in any case, and whole', '0 0 1 sEptember *', 'UTC', '2026-03-01Z', '2026-09-01Z'),
    ('names of days', '0 9 * * MON', 'UTC', '2026-01-01Z', '2026-01-05 09:00Z'),
    ('a range of names', '0 9 * * Mon-Fri', 'UTC', '2026-01-02 10:00Z', '2026-01-05 09:00Z'),
    ('a list of names', '0 9 * * tue,thursday', 'UTC', '2026-01-02Z', '2026-01-06 09:00Z'),
    ('a range of months with a step', '0 0 1 jan-dec/3 *', 'UTC', '2026-01-01Z', '2026-04-01Z'),
    ('0 is Sunday', '0 0 * * 0', 'UTC', '2026-01-01Z', '2026-01-04Z'),
    ('7 is Sunday', '0 0 * * 7', 'UTC', '2026-01-01Z', '2026-01-04Z'),
    ('a range to 7', '0 0 * * 6-7', 'UTC', '2026-01-03Z', '2026-01-04Z'),
    ('a range to SUN', '0 0 * * sat-sun', 'UTC', '2026-01-04Z', '2026-01-10Z'),
    -- days
    ('? is *', '0 0 12 ? * MON', 'UTC', '2026-01-01Z', '2026-01-05 12:00Z'),
    ('? for the day of the week', '0 0 12 15 * ?', 'UTC', '2026-01-01Z', '2026-01-15 12:00Z'),
    ('both days restricted: the day of the week comes first', '0 0 13 * FRI', 'UTC', '2026-01-01Z', '2026-01-02Z'),
    ('both days restricted: the day comes first', '0 0 13 * FRI', 'UTC', '2026-01-10Z', '2026-01-13Z'),
    ('a star with a step restricts no day: both must fit', '0 0 */2 * MON', 'UTC', '2026-01-01Z', '2026-01-05Z'),
    ('the same the other way round', '0 0 13 * */5', 'UTC', '2026-01-01Z', '2026-02-13Z'),
    ('the 31st skips short months', '0 0 31 * *', 'UTC', '2026-03-31Z', '2026-05-31Z'),
    ('leap day', '0 0 29 2 *', 'UTC', '2025-01-01Z', '2028-02-29Z'),
    ('leap day, over a century without', '0 0 29 2 *', 'UTC', '2096-02-29Z', '2104-02-29Z'),
    ('leap day of a century that has one', '0 0 29 2 *', 'UTC', '1996-02-29Z', '2000-02-29Z'),
    ('the 30th of February never comes', '0 0 30 2 *', 'UTC', '2026-01-01Z', null),
    ('nor the 31st of April, June, September, November', '0 0 31 4,6,9,11 *', 'UTC', '2026-01-01Z', null),
    ('unless a day of the week will do', '0 0 30 2 MON', 'UTC', '2026-01-01Z', '2026-02-02Z'),
    -- time zones
    ('east', '0 9 * * *', 'Asia/Tokyo', '2026-01-01Z', '2026-01-02 00:00Z'),
    ('west', '0 9 * * *', 'America/Los_Angeles', '2026-01-01Z', '2026-01-01 17:00Z'),
    ('half an hour', '0 9 * * *', 'Asia/Kolkata', '2026-01-01Z', '2026-01-01 03:30Z'),
    ('three quarters', '0 9 * * *', 'Asia/Kathmandu', '2026-01-01Z', '2026-01-01 03:15Z'),
    ('summer', '0 9 * * *', 'Europe/Berlin', '2026-07-01Z', '2026-07-01 07:00Z'),
    ('winter', '0 9 * * *', 'Europe/Berlin', '2026-01-01Z', '2026-01-01 08:00Z'),
    ('a day of the week there, not in Greenwich', '0 1 * * MON', 'Pacific/Auckland', '2026-07-01Z', '2026-07-05 13:00Z'),
    -- clocks go forward: New York, 2026-03-08 02:00 EST = 07:00 UTC becomes 03:00 EDT
    ('a time that does not exist is due when the clocks change', '30 2 * * *', 'America/New_York', '2026-03-07 12:00Z', '2026-03-08 07:00Z'),
    ('and on the next day as ever', '30 2 * * *', 'America/New_York', '2026-03-08 07:00Z', '2026-03-09 06:30Z'),
    ('the first of them', '0 2 * * *', 'America/New_York', '2026-03-08 00:00Z', '2026-03-08 07:00Z'),
    ('several of them are due once', '*/15 2 * * *', 'America/New_York', '2026-03-08 07:00Z', '2026-03-09 06:00Z'),
    ('together with the hour after', '*/30 2-3 * * *', 'America/New_York', '2026-03-08 07:00Z', '2026-03-08 07:30Z'),
    ('before the change', '59 1 * * *', 'America/New_York', '2026-03-08 00:00Z', '2026-03-08 06:59Z'),
    ('every hour', '0 * * * *', 'America/New_York', '2026-03-08 06:00Z', '2026-03-08 07:00Z'),
    ('every hour, after it', '0 * * * *', 'America/New_York', '2026-03-08 07:00Z', '2026-03-08 08:00Z'),
    ('seconds just before the change', '* * * * * *', 'America/New_York', '2026-03-08 06:59:59.5Z', '2026-03-08 07:00Z'),
    -- clocks go back: New York, 2026-11-01 02:00 EDT = 06:00 UTC becomes 01:00 EST
    ('a time that exists twice is due the first time', '30 1 * * *', 'America/New_York', '2026-10-31 12:00Z', '2026-11-01 05:30Z'),
    ('and not the second', '30 1 * * *', 'America/New_York', '2026-11-01 05:30Z', '2026-11-02 06:30Z'),
    ('nor for one who comes in between', '30 1 * * *', 'America/New_York', '2026-11-01 06:10Z', '2026-11-02 06:30Z'),
    ('the hour after comes an hour later', '0 2 * * *', 'America/New_York', '2026-11-01 05:30Z', '2026-11-01 07:00Z'),
    ('every quarter rests in the second of the hours', '*/15 * * * *', 'America/New_York', '2026-11-01 05:45Z', '2026-11-01 07:00Z'),
    ('so does every second', '* * * * * *', 'America/New_York', '2026-11-01 05:59:59Z', '2026-11-01 07:00Z'),
    ('from the middle of it too', '* * * * * *', 'America/New_York', '2026-11-01 06:20:30.25Z', '2026-11-01 07:00Z'),
    -- elsewhere
    ('Berlin forward', '30 2 * * *', 'Europe/Berlin', '2026-03-28 12:00Z', '2026-03-29 01:00Z'),
    ('Berlin back', '30 2 * * *', 'Europe/Berlin', '2026-10-24 12:00Z', '2026-10-25 00:30Z'),
    ('Berlin back, once', '30 2 * * *', 'Europe/Berlin', '2026-10-25 00:30Z', '2026-10-26 01:30Z'),
    ('half an hour forward on Lord Howe Island', '15 2 * * *', 'Australia/Lord_Howe', '2026-10-03 00:00Z', '2026-10-03 15:30Z'),
    ('half an hour back there', '45 1 * * *', 'Australia/Lord_Howe', '2026-04-04 00:00Z', '2026-04-04 14:45Z'),
    ('half an hour back there, once', '45 1 * * *', 'Australia/Lord_Howe', '2026-04-04 14:45Z', '2026-04-05 15:15Z'),
    ('midnight that does not exist', '0 0 * * *', 'America/Sao_Paulo', '2018-11-03 12:00Z', '2018-11-04 03:00Z'),
    ('midnight that exists twice: 23:30 is before it', '30 23 * * *', 'America/Sao_Paulo', '2019-02-16 12:00Z', '2019-02-17 01:30Z'),
    ('a day that does not exist', '0 12 30 12 *', 'Pacific/Apia', '2011-12-29 12:00Z', '2011-12-30 10:00Z'),
    ('the day after that day', '0 12 31 12 *', 'Pacific/Apia', '2011-12-29 12:00Z', '2011-12-30 22:00Z');

select is(taskhub.cron_next(expression, zone, after), due, format('%s: %s', what, expression)) from cases order by n;

-- The clock and the defaults.
select set_config('taskhub.now', '2026-01-02 03:04:05Z', true);
select is(taskhub.cron_next('0 * * * *'), '2026-01-02 04:00Z'::timestamptz, 'without a time it is now, in UTC');

-- Many in a row: each local time once, gaps at their end, always later than the one before.
create function taskhub_test.chain(p_expression text, p_zone text, p_from timestamptz, p_to timestamptz)
returns setof timestamptz language plpgsql as $$
declare
    v timestamptz := p_from;
begin
    loop
        v := taskhub.cron_next(p_expression, p_zone, v);
        exit when v > p_to;
        return next v;
    end loop;
end
$$;
select results_eq(
    $$ select taskhub_test.chain('*/30 * * * *', 'Europe/Berlin', '2026-03-28 23:30Z', '2026-03-29 02:30Z') $$,
    $$ select generate_series('2026-03-29 00:00Z'::timestamptz, '2026-03-29 02:30Z', '30 min') $$,
    'every half hour goes on without a break when clocks go forward');
select results_eq(
    $$ select taskhub_test.chain('*/30 * * * *', 'Europe/Berlin', '2026-10-24 23:30Z', '2026-10-25 02:30Z') $$,
    $$ values ('2026-10-25 00:00Z'::timestamptz), ('2026-10-25 00:30Z'), ('2026-10-25 02:00Z'), ('2026-10-25 02:30Z') $$,
    'and rests for an hour when they go back');
select is((select count(*) from taskhub_test.chain('17 3 * * *', 'Europe/Berlin', '2020-01-01Z', '2029-12-31 23:00Z')), 3653::bigint,
    'once a day is once a day for ten years');

-- Fast: the best of twenty, since the machine may be busy.
create function taskhub_test.best_ms(p_expression text, p_zone text, p_after timestamptz) returns float8 language plpgsql as $$
declare
    v_began timestamptz;
    v_best float8 := 'infinity';
begin
    for i in 1 .. 20 loop
        v_began := clock_timestamp();
        perform taskhub.cron_next(p_expression, p_zone, p_after);
        v_best := least(v_best, extract(epoch from clock_timestamp() - v_began) * 1000);
    end loop;
    return v_best;
end
$$;
select cmp_ok(taskhub_test.best_ms('0 0 29 2 *', 'Europe/Berlin', '2096-03-01Z'), '<', 5::float8, 'eight years on take a few milliseconds');
select cmp_ok(taskhub_test.best_ms('* * * * * *', 'America/New_York', '2026-11-01 06:20Z'), '<', 5::float8, 'so does an hour that is there twice');
select cmp_ok(taskhub_test.best_ms('0 0 30 2 *', 'UTC', '2026-01-01Z'), '<', 10::float8, 'what never comes takes not much longer');

-- Errors.
select throws_ok(format('select taskhub.cron_next(%L)', expression), 'TH006', message, expression) from (values
    ('* * * *', 'expression: must have 5 fields, or 6 with seconds first, has 4'),
    ('* * * * * * *', 'expression: must have 5 fields, or 6 with seconds first, has 7'),
    ('', 'expression: must have 5 fields, or 6 with seconds first, has 0'),
    (repeat('1,', 130) || '1 * * * *', 'expression: must have 1 to 256 characters')) e(expression, message);
select throws_ok($$ select taskhub.cron_next(null) $$, 'TH006', 'expression: must have 1 to 256 characters', 'null is no expression');
select throws_ok($$ select taskhub.cron_next('* * * * *', 'Mars/Base') $$, 'TH006', 'time_zone: there is no time zone "Mars/Base"',
    'an unknown zone is refused');
select throws_ok($$ select taskhub.cron_next('* * * * *', null) $$, 'TH006', null, 'so is none');
select throws_ok($$ select taskhub.cron_next('* * * * *', 'UTC', 'infinity') $$, 'TH006', 'after: must not be infinite',
    'nothing comes after the end of time');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.cron_next('* * * * *') $$), '00000', 'a reader may ask');

select * from finish();
rollback;
