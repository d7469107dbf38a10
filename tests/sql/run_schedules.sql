-- taskhub.run_schedules: each due time one instance; what overlap and missed say; no schedule stops another.
begin;
\ir helpers/taskhub_test.sql
select plan(42);
select taskhub_test.given_hub();

create function taskhub_test.at(p_time text) returns void language sql as $$
    select set_config('taskhub.now', p_time, true) $$;
create function taskhub_test.finish_all() returns void language sql as $$
    update taskhub.instances set status = 1 where status in (0, 6) $$;
create function taskhub_test.started() returns text[] language sql as $$ select started from taskhub.run_schedules() $$;

-- Due, and not yet.
select taskhub_test.at('2026-01-02 03:04:05Z');
select is((select next_at from taskhub.run_schedules()), null, 'without schedules there is nothing to wait for');
select taskhub.create_schedule('s', '*/10 * * * *', 'hello', '{"n":  1}');
select is(run, '(0,{},{},{},"2026-01-02 03:10:00+00")', 'nothing is due; it says when something is')
from (select run::text from taskhub.run_schedules() run) r, set_config('timezone', 'UTC', true);
select taskhub_test.at('2026-01-02 03:09:59.999999Z');
select is(taskhub_test.started(), '{}', 'never early');
select taskhub_test.at('2026-01-02 03:10:00Z');
select results_eq($$ select handled, started, problems, next_at, partitions = array[taskhub.partition_of('s:2026-01-02T03:10:00Z')]
                     from taskhub.run_schedules() $$,
    $$ values (1, '{s:2026-01-02T03:10:00Z}'::text[], '{}'::text[], '2026-01-02 03:20Z'::timestamptz, true) $$, 'on time');
select results_eq($$ select name, input, runtime_status from taskhub.instances_view $$, $$ values ('hello', '{"n":  1}', 'Pending') $$,
    'the instance has the name and, byte for byte, the input');
select results_eq($$ select kind, due from taskhub.inbox_view $$, $$ values ('ExecutionStarted', null::timestamptz) $$, 'and its message');
select results_eq($$ select next_at, last_at, last_instance_id, last_status from taskhub.schedules_view $$,
    $$ values ('2026-01-02 03:20Z'::timestamptz, '2026-01-02 03:10Z'::timestamptz, 's:2026-01-02T03:10:00Z' collate "C", 'Pending') $$,
    'the schedule tells what it did');
select is(taskhub_test.started(), '{}', 'and not again');

-- A repeat.
update taskhub.schedules set next_at = '2026-01-02 03:10Z';
select is(taskhub_test.started(), '{}', 'a due time that was started is not started again');
select taskhub_test.finish_all();
update taskhub.schedules set next_at = '2026-01-02 03:10Z';
select is(taskhub_test.started(), '{}', 'not even if its instance has finished');
select is((select next_at from taskhub.schedules), '2026-01-02 03:20Z'::timestamptz, 'and the schedule goes on');

-- Late, but within two minutes: nothing is missed.
select taskhub.drop_schedule('s');
select taskhub_test.at('2026-01-02 04:00:00Z');
select taskhub.create_schedule('quick', '*/20 * * * * *', 'hello');
select taskhub_test.at('2026-01-02 04:01:05Z');
select is(taskhub_test.started(), '{quick:2026-01-02T04:00:20Z,quick:2026-01-02T04:00:40Z,quick:2026-01-02T04:01:00Z}',
    'each of several due times starts an instance, in order');
select taskhub.drop_schedule('quick');

-- Missed.
create function taskhub_test.given_missed(p_missed text, p_limit int default 100) returns void language plpgsql as $$
begin
    delete from taskhub.instances;
    delete from taskhub.schedules;
    perform taskhub_test.at('2026-01-02 05:00:00Z');
    perform taskhub.create_schedule('m', '0 * * * *', 'hello', p_missed => p_missed, p_missed_limit => p_limit);
end
$$;
select taskhub_test.given_missed('skip');
select taskhub_test.at('2026-01-02 06:01:59Z');
select is(taskhub_test.started(), '{m:2026-01-02T06:00:00Z}', 'up to two minutes late is on time');
select taskhub_test.given_missed('skip');
select taskhub_test.at('2026-01-02 06:02:00Z');
select is(taskhub_test.started(), '{}', 'two minutes late is missed: skip skips it');
select is((select next_at from taskhub.schedules), '2026-01-02 07:00Z'::timestamptz, 'and waits for the next');
select taskhub_test.given_missed('skip');
select taskhub_test.at('2026-01-02 09:00:30Z');
select is(taskhub_test.started(), '{m:2026-01-02T09:00:00Z}', 'skip skips those that are missed, not the one that is due');
select taskhub_test.given_missed('once');
select taskhub_test.at('2026-01-02 09:30:00Z');
select is(taskhub_test.started(), '{m:2026-01-02T09:00:00Z}', 'once starts the last of them');
select taskhub_test.given_missed('once');
select taskhub_test.at('2026-01-02 09:00:30Z');
select is(taskhub_test.started(), '{m:2026-01-02T08:00:00Z,m:2026-01-02T09:00:00Z}', 'and what is due beside it');
select taskhub_test.given_missed('all');
select taskhub_test.at('2026-01-02 08:30:00Z');
select is(taskhub_test.started(), '{m:2026-01-02T06:00:00Z,m:2026-01-02T07:00:00Z,m:2026-01-02T08:00:00Z}', 'all starts all of them');
select taskhub_test.given_missed('all', 2);
select taskhub_test.at('2027-01-02 08:30:00Z');
select is(taskhub_test.started(), '{m:2026-01-02T06:00:00Z,m:2026-01-02T07:00:00Z}', 'up to its limit, the first ones');
select is((select next_at from taskhub.schedules), '2027-01-02 09:00Z'::timestamptz, 'the rest is skipped');

-- Overlap.
create function taskhub_test.given_overlap(p_overlap text) returns void language plpgsql as $$
begin
    delete from taskhub.inbox;
    delete from taskhub.instances;
    delete from taskhub.schedules;
    perform taskhub_test.at('2026-01-02 05:00:00Z');
    perform taskhub.create_schedule('o', '* * * * *', 'hello', p_overlap => p_overlap);
    perform taskhub_test.at('2026-01-02 05:01:00Z');
    perform taskhub.run_schedules();
    update taskhub.instances set status = 0;
    delete from taskhub.inbox;
    perform taskhub_test.at('2026-01-02 05:02:00Z');
end
$$;
select taskhub_test.given_overlap('allow');
select is(taskhub_test.started(), '{o:2026-01-02T05:02:00Z}', 'allow starts beside one that runs');
select is((select count(*) from taskhub.inbox_view where kind = 'ExecutionTerminated'), 0::bigint, 'and leaves that one alone');
select taskhub_test.given_overlap('skip');
select is(taskhub_test.started(), '{}', 'skip does not start while the last one runs');
select results_eq($$ select next_at, last_at from taskhub.schedules $$, $$ values ('2026-01-02 05:03Z'::timestamptz, '2026-01-02 05:01Z'::timestamptz) $$,
    'the time has passed all the same');
select taskhub_test.finish_all();
select taskhub_test.at('2026-01-02 05:03:00Z');
select is(taskhub_test.started(), '{o:2026-01-02T05:03:00Z}', 'once that has finished, it starts again');
select taskhub_test.at('2026-01-02 05:04:30Z');
select is(taskhub_test.started(), '{}', 'one that is Pending runs too');
delete from taskhub.instances;
select taskhub_test.at('2026-01-02 05:05:00Z');
select is(taskhub_test.started(), '{o:2026-01-02T05:05:00Z}', 'one that was purged does not');
select taskhub_test.given_overlap('replace');
select is(taskhub_test.started(), '{o:2026-01-02T05:02:00Z}', 'replace starts');
select results_eq($$ select instance_id, payload from taskhub.inbox_view where kind = 'ExecutionTerminated' $$,
    $$ values ('o:2026-01-02T05:01:00Z' collate "C", 'replaced by o:2026-01-02T05:02:00Z') $$, 'and terminates the last one');
select taskhub_test.finish_all();
delete from taskhub.inbox;
select taskhub_test.at('2026-01-02 05:03:00Z');
select is(taskhub_test.started(), '{o:2026-01-02T05:03:00Z}', 'one that has finished is left in peace');
select is((select count(*) from taskhub.inbox_view where kind = 'ExecutionTerminated'), 0::bigint, 'without a message');

-- One that fails.
delete from taskhub.instances;
delete from taskhub.schedules;
select taskhub_test.at('2026-01-02 05:00:00Z');
select taskhub.create_schedule(name, '* * * * *', 'hello') from unnest(array['a', 'bad', 'c']) name;
update taskhub.schedules set time_zone = 'Mars/Base' where name = 'bad';
select taskhub_test.at('2026-01-02 05:01:00Z');
select results_eq($$ select handled, cardinality(started), problems, next_at from taskhub.run_schedules() $$,
    $$ values (3, 2, array['"bad": time_zone: there is no time zone "Mars/Base"'], '2026-01-02 05:01:05Z'::timestamptz) $$,
    'the others run; it is tried again in a few seconds');
select is((select array_agg(instance_id order by instance_id) from taskhub.instances), '{a:2026-01-02T05:01:00Z,c:2026-01-02T05:01:00Z}',
    'of the one that failed nothing is left');
select results_eq($$ select next_at, problem from taskhub.schedules_view where name = 'bad' $$,
    $$ values ('2026-01-02 05:01Z'::timestamptz, 'time_zone: there is no time zone "Mars/Base"') $$, 'the view tells why');
select is((select handled from taskhub.run_schedules()), 0, 'it is not tried again at once');
update taskhub.schedules set time_zone = 'UTC' where name = 'bad';
select taskhub_test.at('2026-01-02 05:01:05Z');
select is(taskhub_test.started(), '{bad:2026-01-02T05:01:00Z}', 'then its due time is made up for');
select is((select problem from taskhub.schedules where name = 'bad'), null, 'and the problem is gone');

-- Many at once, and several hubs.
delete from taskhub.schedules;
select taskhub_test.at('2026-01-02 06:00:00Z');
select count(taskhub.create_schedule('n' || n, '* * * * *', 'hello')) from generate_series(1, 150) n;
select taskhub.create_hub('PgTapOther');
select taskhub.create_schedule('x', '* * * * *', 'hello', p_hub => 'PgTapOther');
select taskhub_test.at('2026-01-02 06:01:00Z');
select results_eq($$ select handled, next_at from taskhub.run_schedules() $$, $$ values (100, '2026-01-02 06:01Z'::timestamptz) $$,
    'at most a hundred a call, and more is due');
select results_eq($$ select handled, next_at from taskhub.run_schedules() $$, $$ values (50, '2026-01-02 06:02Z'::timestamptz) $$, 'the rest in the next');
select results_eq($$ select handled, started from taskhub.run_schedules('PgTapOther') $$, $$ values (1, '{x:2026-01-02T06:01:00Z}'::text[]) $$,
    'each hub runs its own');

select throws_ok($$ select * from taskhub.run_schedules('Nowhere') $$, 'TH006', null, 'an unknown hub is an error');

select * from finish();
rollback;
