-- taskhub.resume_instance: a message, unless nothing would change.
begin;
\ir helpers/taskhub_test.sql
select plan(16);
select taskhub_test.given_hub();
select taskhub_test.given_instance(s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;

select lives_ok($$ select taskhub.resume_instance('Suspended', 'back') $$, 'a suspended instance can be resumed');
select results_eq($$ select * from taskhub_test.messages('Suspended') $$,
    $$ values ('ExecutionResumed', null, 'back') $$, 'by a message with the reason');
select lives_ok($$ select taskhub.resume_instance('Suspended') $$, 'once more is no error');
select is((select count(*) from taskhub_test.messages('Suspended')), 1::bigint, 'and sends nothing');
select lives_ok(format('select taskhub.resume_instance(%L)', s), format('resuming a %s one is no error', s))
from unnest(array['Running', 'Pending', 'ContinuedAsNew']) s;
select is((select count(*) from taskhub.inbox_view where hub = 'PgTapHub'), 1::bigint, 'and sends nothing');

select taskhub.suspend_instance('Running'), taskhub.resume_instance('Running');
select results_eq($$ select kind from taskhub_test.messages('Running') $$,
    $$ values ('ExecutionSuspended'), ('ExecutionResumed') $$, 'one that is about to be suspended can be resumed');
select taskhub_test.given_instance('held', 'Running');
select taskhub_test.given_message('held', 21, 'infinity');
select taskhub.resume_instance('held');
select is((select count(*) from taskhub_test.messages('held')), 2::bigint, 'a suspend that is held counts as queued');
select taskhub_test.given_instance('other start', 'Running');
select taskhub_test.given_message('other start', 21);
update taskhub.inbox set start_id = gen_random_uuid() where instance_id = 'other start';
select taskhub.resume_instance('other start');
select is((select count(*) from taskhub_test.messages('other start')), 1::bigint, 'a suspend of an older start does not');

select throws_ok(format('select taskhub.resume_instance(%L)', s), 'TH002', null, format('a %s one has finished', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select throws_ok($$ select taskhub.resume_instance('nobody') $$, 'TH001', null, 'an unknown one is an error');

select * from finish();
rollback;
