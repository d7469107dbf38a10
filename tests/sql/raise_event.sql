-- taskhub.raise_event: a message to a live instance.
begin;
\ir helpers/taskhub_test.sql
select plan(25);
select taskhub_test.given_hub();
select taskhub_test.given_instance('order-1', 'Running');

select lives_ok($$ select taskhub.raise_event('order-1', 'Approved', '{"ok": true}') $$, 'a running instance takes an event');
select results_eq($$ select * from taskhub_test.messages('order-1') $$,
    $$ values ('EventRaised', 'Approved', '{"ok": true}') $$, 'the event waits in the inbox');
select results_eq(
    $$ select m.due, m.execution_id, m.start_id = i.start_id, m.message_id is not null, m.partition_id = i.partition_id
       from taskhub.inbox m join taskhub.instances i using (instance_id) where instance_id = 'order-1' $$,
    $$ values ('-infinity'::timestamptz, null::uuid, true, true, true) $$,
    'due at once, for that start in whichever run, with an id of its own');
select is((select count(*) from taskhub.instances where xmax <> 0), 0::bigint, 'no row of an owner was locked or changed');

select taskhub_test.given_instance('is ' || s, s) from unnest(array['Pending', 'Suspended', 'ContinuedAsNew']) s;
select lives_ok(format('select taskhub.raise_event(%L, %L)', 'is ' || s, 'E'), format('a %s instance takes one', s))
from unnest(array['Pending', 'Suspended', 'ContinuedAsNew']) s;
select taskhub_test.given_instance('was ' || s, s) from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select throws_ok(format('select taskhub.raise_event(%L, %L)', 'was ' || s, 'E'), 'TH002',
    format('instance "was %s" of hub "PgTapHub" has finished', s), format('a %s instance takes none', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select throws_ok($$ select taskhub.raise_event('nobody', 'E') $$, 'TH001', 'hub "PgTapHub" has no instance "nobody"',
    'an unknown one neither');
select throws_ok($$ select taskhub.raise_event('ORDER-1', 'E') $$, 'TH001', null, 'ids differ in case');
select throws_ok($$ select taskhub.raise_event('a/b''; drop', 'E') $$, 'TH001', null, 'an id that nobody can have is unknown');
select throws_ok($$ select taskhub.raise_event(null, 'E') $$, 'TH006', 'instance_id: must not be null', 'null is no id');
select throws_ok($$ select taskhub.raise_event('order-1', '') $$, 'TH006', 'event_name: must not be empty', 'an event has a name');
select throws_ok($$ select taskhub.raise_event('order-1', null) $$, 'TH006', 'event_name: must not be empty', 'null is none');
select throws_ok($$ select taskhub.raise_event('order-1', 'E', '{') $$, 'TH006', 'payload: must be valid JSON',
    'the payload is JSON');
select throws_ok($$ select taskhub.raise_event('order-1', 'E', '') $$, 'TH006', 'payload: must be valid JSON', 'empty is not');

select taskhub_test.given_instance('payloads');
select taskhub.raise_event('payloads', 'é🚀', p) from unnest(array[null, 'null', '""', '"\u0000"', ' [1,  2] ']) p;
select results_eq($$ select name, payload from taskhub_test.messages('payloads') $$,
    $$ values ('é🚀', null), ('é🚀', 'null'), ('é🚀', '""'), ('é🚀', '"\u0000"'), ('é🚀', ' [1,  2] ') $$,
    'payloads stay as they came, and in order');
select is((select count(distinct message_id) from taskhub.inbox where instance_id = 'payloads'), 5::bigint,
    'no two events share an id');

savepoint before_event;
select taskhub.raise_event('order-1', 'Undone');
rollback to before_event;
select is((select count(*) from taskhub.inbox where name = 'Undone'), 0::bigint, 'an event that is rolled back leaves nothing');

select taskhub.create_hub('PgTapOther');
select throws_ok($$ select taskhub.raise_event('order-1', 'E', null, 'PgTapOther') $$, 'TH001',
    'hub "PgTapOther" has no instance "order-1"', 'another hub has other instances');
select throws_ok($$ select taskhub.raise_event('order-1', 'E', null, 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');
select lives_ok(format('select taskhub.raise_event(%L, %L)', 'order-1', repeat('n', 256)), 'a name may have 256 characters');

select * from finish();
rollback;
