-- taskhub.start_scheduled and taskhub.run_schedule, beyond what run_schedules.sql tells of them.
begin;
\ir helpers/taskhub_test.sql
select plan(9);
select taskhub_test.given_hub();
select set_config('taskhub.now', '2026-01-02 03:00Z', true);
select taskhub.create_schedule('s', '* * * * *', 'hello', p_overlap => 'replace');

create function taskhub_test.start(p_due timestamptz, p_last text) returns text language sql as $$
    select s::text from taskhub.start_scheduled(taskhub.resolve_hub(), (select s from taskhub.schedules s), p_due, p_last) s $$;
select is(taskhub_test.start('2026-01-02 03:01:05+02', null), '(s:2026-01-02T01:01:05Z,t,)', 'the id has the due time in UTC');
select is(taskhub_test.start('2026-01-02 03:01:05+02', null), '(s:2026-01-02T01:01:05Z,f,)', 'a second time it is there, and not new');
select is(taskhub_test.start('2026-01-02 03:02Z', 's:2026-01-02T01:01:05Z'), '(s:2026-01-02T03:02:00Z,t,s:2026-01-02T01:01:05Z)',
    'replace tells whom it asks to end');
select is(taskhub_test.start('2026-01-02 03:03Z', 'gone'), '(s:2026-01-02T03:03:00Z,t,)', 'one that is not there need not end');

select results_eq($$ select r.started, r.told from taskhub.run_schedule(taskhub.resolve_hub(), (select s from taskhub.schedules s)) r $$,
    $$ values ('{}'::text[], '{}'::text[]) $$, 'nothing is due, nothing is told');
select set_config('taskhub.now', '2026-01-02 03:04Z', true);
update taskhub.schedules set last_instance_id = 's:2026-01-02T03:03:00Z', next_at = '2026-01-02 03:04Z';
select results_eq($$ select r.started, r.told from taskhub.run_schedule(taskhub.resolve_hub(), (select s from taskhub.schedules s)) r $$,
    $$ values ('{s:2026-01-02T03:04:00Z}'::text[], '{s:2026-01-02T03:04:00Z,s:2026-01-02T03:03:00Z}'::text[]) $$,
    'both have something in their inbox');
select is((select next_at from taskhub.schedules), '2026-01-02 03:05Z'::timestamptz, 'and the next time is written');

update taskhub.schedules set orchestrator = 'TimerTrigger::tick', overlap = 'allow', time_zone = 'Europe/Berlin', expression = '0 5 * * *';
select taskhub_test.start('2026-03-28 04:00Z', null);
select is((select input from taskhub.instances where instance_id = 's:2026-03-28T04:00:00Z')::json ->> 'Next', '2026-03-29T03:00:00+00:00',
    'a timer trigger''s instance is told when its schedule is due next, here across summer time');
update taskhub.schedules set last_at = null;
select taskhub_test.start('2026-03-30 03:00Z', null);
select is((select input from taskhub.instances where instance_id = 's:2026-03-30T03:00:00Z')::json ->> 'Last', '0001-01-01T00:00:00+00:00',
    'and when it was last: never');

select * from finish();
rollback;
