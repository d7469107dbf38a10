-- taskhub.signal_entity: an operation in the inbox of an entity, in the caller's transaction.
begin;
\ir helpers/taskhub_test.sql
select plan(17);
select taskhub_test.given_hub();

select lives_ok($$ select taskhub.signal_entity('Counter', 'k', 'add', ' {"n":  1} ') $$, 'an entity that is not there takes a signal');
select results_eq($$ select * from taskhub_test.messages('@counter@k') $$,
    $$ values ('EntityOperationSignaled', 'add', ' {"n":  1} ') $$, 'operation and input wait as they came');
select results_eq($$ select due, start_id, execution_id, body::json ->> 'requestId' = message_id,
                            partition_id = taskhub.partition_of('@counter@k') from taskhub.inbox $$,
    $$ values ('-infinity'::timestamptz, null::uuid, null::uuid, true, true) $$, 'due at once, with an id of its own');
select is((select count(*) from taskhub.instances), 0::bigint, 'the row is for the owner to make');

select lives_ok($$ select taskhub.signal_entity('counter', '', '') $$, 'key and operation may be empty');
select results_eq($$ select * from taskhub_test.messages('@counter@') $$,
    $$ values ('EntityOperationSignaled', '', null) $$, 'and there may be no input');
select taskhub.signal_entity('counter', 'later', 'add', null, null, now() + interval '1 hour');
select is((select due from taskhub.inbox where instance_id = '@counter@later'), now() + interval '1 hour', 'it may be due later');
select taskhub.signal_entity('counter', 'past', 'add', null, 'PgTapHub', now() - interval '1 hour');
select is((select due from taskhub.inbox where instance_id = '@counter@past'), '-infinity'::timestamptz, 'what is past is due at once');

select throws_ok($$ select taskhub.signal_entity('a@b', 'k', 'add') $$, 'TH006', null, 'the name is looked at');
select throws_ok($$ select taskhub.signal_entity('a', 'k/1', 'add') $$, 'TH006', null, 'and the key');
select throws_ok($$ select taskhub.signal_entity('a', 'k', null) $$, 'TH006', 'operation: must not be null', 'an operation is there');
select throws_ok($$ select taskhub.signal_entity('a', 'k', repeat('x', 257)) $$, 'TH006',
    'operation: must not be longer than 256 characters', 'and not too long');
select throws_ok($$ select taskhub.signal_entity('a', 'k', 'add', '{') $$, 'TH006', 'input: must be valid JSON', 'input is JSON');
select throws_ok($$ select taskhub.signal_entity('a', 'k', 'add', null, null, 'infinity') $$, 'TH006',
    'scheduled_time: must not be infinite', 'a time is finite');
select throws_ok($$ select taskhub.signal_entity('a', 'k', 'add', null, 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

savepoint before_signal;
select taskhub.signal_entity('undone', 'k', 'add');
rollback to before_signal;
select is((select count(*) from taskhub.inbox where instance_id = '@undone@k'), 0::bigint, 'a signal that is rolled back leaves nothing');

insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, is_entity, name, state)
values (taskhub.partition_of('@counter@k'), '@counter@k', gen_random_uuid(), gen_random_uuid(), 0, true, 'counter', '1');
select throws_ok($$ select taskhub.raise_event('@counter@k', 'E') $$, 'TH001', null, 'an entity takes no event');

select * from finish();
rollback;
