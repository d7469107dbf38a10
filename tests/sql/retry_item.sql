-- taskhub.retry_item: an activity runs again now, whoever had it.
begin;
\ir helpers/taskhub_test.sql
select plan(17);
select taskhub_test.given_hub();
select taskhub_test.given_instance('x', 'Running');
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, claimed_by, claimed_at, claim_no, crashes)
select partition_id, 1, instance_id, start_id, execution_id, 4, 1, 'act', 7, now(), 3, 2 from taskhub.instances where instance_id = 'x';
create function pg_temp.item() returns table (claimed_by int, due timestamptz, claim_no int, crashes int) language sql as
    $$ select claimed_by, due, claim_no, crashes from taskhub.activities where instance_id = 'x' $$;

select taskhub.retry_item('x', 4);
select results_eq('select * from pg_temp.item()', $$ values (null::int, timestamptz '-infinity', 3, 0) $$,
    'one that a worker has comes free; the number of its claim stays, so that a result under way counts until somebody claims it');
update taskhub.activities set due = 'infinity', crashes = 5 where instance_id = 'x';
select results_eq($$ select kind, seq, crashes, reason from taskhub.poisoned where hub = 'PgTapHub' $$,
    $$ values ('activity', 4, 5, 'its worker died 5 times while it ran') $$, 'a parked one is poisoned');
select results_eq($$ select reason, due, sentence like '%is parked%' from taskhub.explain('x') $$,
    $$ values ('parked', null::timestamptz, true) $$, 'which explains the instance');
select is((select state from taskhub.activities_view where instance_id = 'x'), 'parked', 'and is seen among activities');
select is_empty($$ select from taskhub.stuck where hub = 'PgTapHub' $$, 'but not stuck: it waits for somebody');
select taskhub.retry_item('x', 4, 'pgtaphub');
select results_eq('select * from pg_temp.item()', $$ values (null::int, timestamptz '-infinity', 3, 0) $$, 'it runs again too');
select is_empty($$ select from taskhub.poisoned where hub = 'PgTapHub' $$, 'and is poisoned no more');
update taskhub.activities set due = now() + interval '1 hour' where instance_id = 'x';
select taskhub.retry_item('x', 4);
select is((select due from pg_temp.item()), '-infinity', 'one that waits for its next try does not wait');
select is((select array_agg(arguments ->> 'crashes' order by audit_id) from taskhub.audit where act = 'retry_item' and instance_id = 'x'),
    array['2', '5', '0'], 'each act is written down');

select throws_ok($$ select taskhub.retry_item('x', 5) $$, 'TH001', 'instance "x" of hub "PgTapHub" waits for no activity number 5', 'another number');
select throws_ok($$ select taskhub.retry_item('y', 4) $$, 'TH001', null, 'another instance');
select throws_ok($$ select taskhub.retry_item('x', 4, 'Nowhere') $$, 'TH006', null, 'another hub');
update taskhub.instances set execution_id = gen_random_uuid() where instance_id = 'x';
select throws_ok($$ select taskhub.retry_item('x', 4) $$, 'TH001', null, 'one of an older run');

-- An instance that was given up.
select throws_ok($$ select taskhub.retry_item('x') $$, 'TH005', null, 'one that has not failed is not rewound');
select taskhub_test.given_instance('bad', 'Failed');
select taskhub_test.given_instance('sad', 'Failed');
update taskhub.instances set failure = '{"type":"PoisonOrchestrator","message":"m"}' where instance_id = 'bad';
update taskhub.instances set failure = '{"type":"Other","message":"m"}' where instance_id = 'sad';
select results_eq($$ select instance_id collate "default", seq, reason from taskhub.poisoned where hub = 'PgTapHub' and kind = 'instance' $$,
    $$ values ('bad', null::int, 'm') $$, 'it is poisoned');
select taskhub.retry_item('bad');
select is((select runtime_status from taskhub.instances_view where instance_id = 'bad'), 'Pending', 'and runs on');
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.retry_item('sad') $$), '42501', 'this is not for clients');

select * from finish();
rollback;
