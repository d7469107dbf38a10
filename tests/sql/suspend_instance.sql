-- taskhub.suspend_instance: a message, unless nothing would change.
begin;
\ir helpers/taskhub_test.sql
select plan(14);
select taskhub_test.given_hub();
select taskhub_test.given_instance(s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;

select lives_ok(format('select taskhub.suspend_instance(%L, %L)', s, 'lunch'), format('a %s instance can be suspended', s))
from unnest(array['Running', 'Pending', 'ContinuedAsNew']) s;
select results_eq($$ select * from taskhub_test.messages('Running') $$,
    $$ values ('ExecutionSuspended', null, 'lunch') $$, 'by a message with the reason');
select lives_ok($$ select taskhub.suspend_instance('Suspended') $$, 'suspending a suspended one is no error');
select is_empty($$ select * from taskhub_test.messages('Suspended') $$, 'and sends nothing');
select lives_ok($$ select taskhub.suspend_instance('Running') $$, 'suspending one that is about to be suspended is no error');
select is((select count(*) from taskhub_test.messages('Running')), 1::bigint, 'and sends nothing');

select taskhub.resume_instance('Suspended'), taskhub.suspend_instance('Suspended'), taskhub.suspend_instance('Suspended');
select results_eq($$ select kind from taskhub_test.messages('Suspended') $$,
    $$ values ('ExecutionResumed'), ('ExecutionSuspended') $$, 'the latest message in the queue counts, not the status');

select throws_ok(format('select taskhub.suspend_instance(%L)', s), 'TH002', null, format('a %s one has finished', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select throws_ok($$ select taskhub.suspend_instance('nobody') $$, 'TH001', null, 'an unknown one is an error');

select * from finish();
rollback;
