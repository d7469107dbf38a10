-- taskhub.now(): the transaction's start, or the clock that a test sets.
begin;
\ir helpers/taskhub_test.sql
select plan(4);

select is(taskhub.now(), now(), 'it is the start of the transaction');
select set_config('taskhub.now', '2026-01-02 03:04:05Z', true);
select is(taskhub.now(), '2026-01-02 03:04:05Z'::timestamptz, 'a test can set it');
select set_config('taskhub.now', '', true);
select is(taskhub.now(), now(), 'an empty setting is none');
select set_config('taskhub.now', 'soon', true);
select throws_ok($$ select taskhub.now() $$, '22007', null, 'a setting that is no time is an error');

select * from finish();
rollback;
