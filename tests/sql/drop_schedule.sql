-- taskhub.drop_schedule: gone, once; its instances stay. A hub takes its schedules with it.
begin;
\ir helpers/taskhub_test.sql
select plan(5);
select taskhub_test.given_hub();
select set_config('taskhub.now', '2026-01-02 03:04:05Z', true);
select taskhub.create_schedule('s', '* * * * *', 'hello');
select set_config('taskhub.now', '2026-01-02 03:05:00Z', true);
select taskhub.run_schedules();

select lives_ok($$ select taskhub.drop_schedule('s') $$, 'a schedule is deleted');
select is((select count(*) from taskhub.schedules), 0::bigint, 'it is gone');
select is((select count(*) from taskhub.instances), 1::bigint, 'what it started is there');
select throws_ok($$ select taskhub.drop_schedule('s') $$, 'TH001', 'hub "PgTapHub" has no schedule "s"', 'there is no second time');

select taskhub.create_schedule('s', '* * * * *', 'hello');
select taskhub.drop_hub('PgTapHub');
select is((select count(*) from taskhub.schedules), 0::bigint, 'a hub that goes takes its schedules with it');

select * from finish();
rollback;
