-- taskhub.notify_names: silent unless asked.
begin;
\ir helpers/taskhub_test.sql
select plan(2);
select lives_ok($$ select taskhub.notify_names(1) $$, 'it may be called without the setting');
select set_config('taskhub.notify', 'on', true);
select lives_ok($$ select taskhub.notify_names(1) $$, 'and with it');
select * from finish();
rollback;
