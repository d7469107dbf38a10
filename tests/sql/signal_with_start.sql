-- taskhub.signal_with_start: an event to an instance that is started if need be.
begin;
\ir helpers/taskhub_test.sql
select plan(20);
select taskhub_test.given_hub();

select is(taskhub.signal_with_start('cart', 'c-1', 'Added', '{"n": 1}', '{"user": "ann"}', '2', '{"team": "sales"}'), true,
    'where there is none it is started');
select results_eq($$ select name, input, version, tags, runtime_status from taskhub.instances_view where instance_id = 'c-1' $$,
    $$ values ('cart', '{"user": "ann"}', '2', '{"team": "sales"}', 'Pending') $$, 'as start_instance would');
select results_eq($$ select * from taskhub_test.messages('c-1') $$,
    $$ values ('ExecutionStarted', 'cart', null), ('EventRaised', 'Added', '{"n": 1}') $$, 'and the event comes after its start');
select is((select count(distinct start_id) from taskhub.inbox where instance_id = 'c-1'), 1::bigint, 'for that very start');

select is(taskhub.signal_with_start('other', 'c-1', 'Added', '{"n": 2}', '"ignored"'), false, 'a pending one is signalled only');
select results_eq($$ select name, payload from taskhub_test.messages('c-1') offset 2 $$, $$ values ('Added', '{"n": 2}') $$,
    'with the event alone');
select is((select name from taskhub.instances where instance_id = 'c-1'), 'cart', 'and stays what it is');

select taskhub_test.given_instance('is ' || s, s) from unnest(array['Running', 'Suspended']) s;
select is(taskhub.signal_with_start('cart', 'is ' || s, 'E'), false, format('a %s one is signalled only', s))
from unnest(array['Running', 'Suspended']) s;
select taskhub_test.given_instance('was ' || s, s) from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select is(taskhub.signal_with_start('cart', 'was ' || s, 'E'), true, format('a %s one is replaced', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select is((select body from taskhub.inbox where instance_id = 'was Failed' and kind = 3), '{"replaced":true}',
    'and its start says so');

select taskhub.signal_with_start('cart', 'c-1', 'Once', p_message_id => 'order-7');
select is((select message_id from taskhub.inbox where instance_id = 'c-1' and name = 'Once'), 'order-7',
    'the message id is what the caller gives');

select throws_ok($$ select taskhub.signal_with_start('', 'x', 'E') $$, 'TH006', null, 'it needs a name');
select throws_ok($$ select taskhub.signal_with_start('cart', null, 'E') $$, 'TH006', null, 'it needs an id');
select throws_ok($$ select taskhub.signal_with_start('cart', '@a@b', 'E') $$, 'TH006', null, 'an entity is none');
select throws_ok($$ select taskhub.signal_with_start('cart', 'x', '') $$, 'TH006', null, 'it needs an event');
select throws_ok($$ select taskhub.signal_with_start('cart', 'is Running', 'E', p_input => '{') $$, 'TH006', 'input: must be valid JSON',
    'a bad input is refused whether it is needed or not');

select * from finish();
rollback;
