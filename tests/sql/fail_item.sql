-- taskhub.fail_item: an activity ends as failed, whoever has it.
begin;
\ir helpers/taskhub_test.sql
select plan(10);
select taskhub_test.given_hub();
select taskhub_test.given_instance('x', 'Running');
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, claimed_by, claimed_at, claim_no)
select partition_id, n, instance_id, start_id, execution_id, n, n, 'act', 7, now(), 3 from taskhub.instances, generate_series(1, 2) n
where instance_id = 'x';

select taskhub.fail_item('x', 1, 'enough');
select is_empty($$ select from taskhub.activities where instance_id = 'x' and seq = 1 $$, 'the activity is gone, and its claim with it');
select results_eq($$ select m.kind, m.ref, m.start_id = i.start_id, m.execution_id = i.execution_id, m.body::jsonb
    from taskhub.inbox m join taskhub.instances i using (partition_id, instance_id) where instance_id = 'x' $$,
    $$ values (8::smallint, 1, true, true, '{"failure":{"type":"FailedByHand","message":"enough","nonRetriable":true}}'::jsonb) $$,
    'its run is told');
select throws_ok($$ select taskhub.fail_item('x', 1) $$, 'TH001', null, 'once');
select lives_ok($$ select taskhub.fail_item('x', 2, null, 'pgtaphub') $$, 'a reason is not needed');
select is((select body::json #>> '{failure,message}' from taskhub.inbox where ref = 2), 'an operator ended it', 'there is one then');
select is((select array_agg(arguments ->> 'reason' order by audit_id) from taskhub.audit where act = 'fail_item' and instance_id = 'x'),
    array['enough', null], 'each act is written down');
select throws_ok($$ select taskhub.fail_item('x', null) $$, 'TH006', 'seq: must not be null', 'a number is needed');
select throws_ok(format('select taskhub.fail_item(%L, 1, %L)', 'x', repeat('x', 1001)), 'TH006', null, 'and no novel');
select throws_ok($$ select taskhub.fail_item('x', 1, null, 'Nowhere') $$, 'TH006', null, 'and a hub');
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.fail_item('x', 1) $$), '42501', 'this is not for clients');

select * from finish();
rollback;
