-- taskhub.rewind_instance: a failed row is Pending again, and a message tells its owner.
begin;
\ir helpers/taskhub_test.sql
select plan(18);
select taskhub_test.given_hub();
select taskhub_test.given_instance(s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;
update taskhub.instances
set failure = '{"type":"x"}', custom_status = '1', parent_instance_id = 'p', parent_ref = 1, parent_execution_id = gen_random_uuid()
where instance_id = 'Failed';
select taskhub_test.given_episode('Failed', '[{"kind":"OrchestratorStarted"}]');
create temp table before as select * from taskhub.instances where instance_id = 'Failed';

select lives_ok($$ select taskhub.rewind_instance('Failed', 'the disk is there again') $$, 'a failed instance can be rewound');
select results_eq(
    $$ select runtime_status, output, failure, completed_at from taskhub.get_instance('Failed') $$,
    $$ values ('Pending', null::text, null::text, null::timestamptz) $$, 'it is Pending, as if it had not failed');
select results_eq(
    $$ select start_id, execution_id, name, input, custom_status, parent_instance_id, parent_execution_id, parent_ref, created_at
       from taskhub.instances where instance_id = 'Failed' $$,
    $$ select start_id, execution_id, name, input, custom_status, parent_instance_id, parent_execution_id, parent_ref, created_at
       from before $$,
    'the rest of its row is left to the owner');
select results_eq(
    $$ select m.kind::int, m.due, m.payload, m.body, m.start_id = i.start_id, m.execution_id, m.partition_id = i.partition_id
       from taskhub.inbox m join taskhub.instances i using (instance_id) where instance_id = 'Failed' $$,
    $$ values (30, '-infinity'::timestamptz, 'the disk is there again', null::text, true, null::uuid, true) $$,
    'one message to that start says so, with the reason');
select is((select count(*) from taskhub.history where instance_id = 'Failed'), 1::bigint, 'its history stays');
select throws_ok($$ select taskhub.rewind_instance('Failed') $$, 'TH005', null, 'then it has not failed any more');
select is((select count(*) from taskhub_test.messages('Failed')), 1::bigint, 'and nothing more is sent');

select throws_ok(format('select taskhub.rewind_instance(%L)', s), 'TH005', format('instance "%s" of hub "PgTapHub" has not failed', s),
    format('a %s one has not failed', s))
from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Canceled', 'Terminated']) s;
select is((select count(*) from taskhub.instances where instance_id <> 'Failed' and xmax <> 0), 0::bigint,
    'and its row was neither locked nor changed');
select throws_ok($$ select taskhub.rewind_instance('nobody') $$, 'TH001', null, 'an unknown one is an error');
select throws_ok($$ select taskhub.rewind_instance('Failed', p_hub => 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

update taskhub.instances set status = 3 where instance_id = 'Canceled';
savepoint before_rewind;
select taskhub.rewind_instance('Canceled');
rollback to before_rewind;
select is((select runtime_status from taskhub.get_instance('Canceled')), 'Failed', 'a rewind that is rolled back leaves nothing');

select * from finish();
rollback;
