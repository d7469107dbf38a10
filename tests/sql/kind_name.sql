-- taskhub.kind_name: numbers of inbox.kind.
begin;
\ir helpers/taskhub_test.sql
select plan(4);

select is(taskhub.kind_name(3), 'ExecutionStarted', '3 starts');
select results_eq($$ select taskhub.kind_name(n) from unnest(array[5, 13, 17, 21, 22, 30]) n $$,
    $$ values ('ExecutionTerminated'), ('TimerFired'), ('EventRaised'), ('ExecutionSuspended'), ('ExecutionResumed'), ('ExecutionRewound') $$,
    'as the engine numbers them');
select is((select count(distinct taskhub.kind_name(n)) from generate_series(0, 40) n), 24::bigint, 'there are 24 kinds');
select is(taskhub.kind_name(99), null, 'an unknown number has no name');

select * from finish();
rollback;
