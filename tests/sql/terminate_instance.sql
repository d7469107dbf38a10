-- taskhub.terminate_instance: a message to a live instance.
begin;
\ir helpers/taskhub_test.sql
select plan(12);
select taskhub_test.given_hub();
select taskhub_test.given_instance(s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;

select lives_ok(format('select taskhub.terminate_instance(%L, %L)', s, 'not JSON'), format('a %s instance can be ended', s))
from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew']) s;
select results_eq($$ select * from taskhub_test.messages('Running') $$,
    $$ values ('ExecutionTerminated', null, 'not JSON') $$, 'by a message with the reason as it came');
select throws_ok(format('select taskhub.terminate_instance(%L)', s), 'TH002', null, format('a %s one has ended', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select throws_ok($$ select taskhub.terminate_instance('nobody') $$, 'TH001', null, 'an unknown one is an error');
select taskhub.terminate_instance('Pending'), taskhub.terminate_instance('Pending', '');
select results_eq($$ select payload from taskhub_test.messages('Pending') $$, $$ values ('not JSON'), (null), ('') $$,
    'no reason and an empty one are not the same');
select is((select runtime_status from taskhub.get_instance('Running')), 'Running', 'the row is left to its owner');

select * from finish();
rollback;
