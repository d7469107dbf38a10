-- taskhub.enable_schedule: halted and let go again.
begin;
\ir helpers/taskhub_test.sql
select plan(9);
select taskhub_test.given_hub();
select set_config('taskhub.now', '2026-01-02 03:04:05Z', true);
select taskhub.create_schedule('s', '0 * * * *', 'hello', p_missed => 'all');

select is(taskhub.enable_schedule('s'), '2026-01-02 04:00Z'::timestamptz, 'one that runs goes on as it is');
select is(taskhub.enable_schedule('s', false), null, 'one that is halted is not due');
select set_config('taskhub.now', '2026-01-02 08:30Z', true);
select is((select handled from taskhub.run_schedules()), 0, 'nothing is run of it');
select is(taskhub.enable_schedule('s', false), null, 'halting it twice is fine');
select is(taskhub.enable_schedule('s', true), '2026-01-02 09:00Z'::timestamptz, 'it goes on from now on');
select is((select handled from taskhub.run_schedules()), 0, 'and the times in between do not count as missed');
select is((select enabled from taskhub.schedules), true, 'it is enabled');
select throws_ok($$ select taskhub.enable_schedule('x') $$, 'TH001', 'hub "PgTapHub" has no schedule "x"', 'an unknown one is an error');
select throws_ok($$ select taskhub.enable_schedule('s', null) $$, 'TH006', 'enabled: must not be null', 'null is neither');

select * from finish();
rollback;
