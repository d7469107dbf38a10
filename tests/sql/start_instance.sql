-- taskhub.start_instance: one row, one message; live ids are refused, finished ones replaced.
begin;
\ir helpers/taskhub_test.sql
select plan(54);
select taskhub_test.given_hub();
create temp table at_start as select count(*) as n from taskhub.instances;

-- A new id.
select is(taskhub.start_instance('hello', '{"a": 1}', 'a'), 'a', 'it returns the id');
select results_eq(
    $$ select name, runtime_status, input, output, version, tags, created_at, completed_at from taskhub.get_instance('a') $$,
    $$ values ('hello', 'Pending', '{"a": 1}', null::text, null::text, null::text, now(), null::timestamptz) $$,
    'the row is there, Pending, with its input');
select results_eq(
    $$ select m.kind::int, m.due, m.name, m.payload, m.body, m.start_id = i.start_id, m.execution_id = i.execution_id,
              m.partition_id = i.partition_id
       from taskhub.inbox m join taskhub.instances i using (instance_id) where instance_id = 'a' $$,
    $$ values (3, '-infinity'::timestamptz, 'hello', null::text, null::text, true, true, true) $$,
    'and one message to start that run, due at once, that leaves the input in the row');
select is((select partition_id from taskhub.instances where instance_id = 'a'), taskhub.partition_of('a'),
    'it lies in the partition of its id');

-- A generated id.
select matches(taskhub.start_instance('hello'), '^[0-9a-f]{32}$', 'without an id it gets 32 hex digits');
select isnt(taskhub.start_instance('hello'), taskhub.start_instance('hello'), 'another one each time');

-- All arguments.
select taskhub.start_instance(p_name => 'hello', p_instance_id => 'full', p_version => '2.0', p_tags => '{"k":"v"}',
    p_scheduled_start => '2100-01-01Z', p_hub => 'pgtaphub');
select results_eq(
    $$ select version, tags, scheduled_start, due from taskhub.get_instance('full')
       join taskhub.inbox using (instance_id) $$,
    $$ values ('2.0', '{"k":"v"}', '2100-01-01Z'::timestamptz, '2100-01-01Z'::timestamptz) $$,
    'version, tags and time are kept, and the message is due at that time');

-- A trace context.
select taskhub.start_instance('hello', null, 'traced', p_traceparent => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
select is((select body from taskhub.inbox where instance_id = 'traced')::jsonb,
    '{"trace":{"parent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}', 'it goes with the message');
select taskhub_test.given_instance('traced again', 'Completed');
select taskhub.start_instance('hello', null, 'traced again', p_traceparent => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    p_tracestate => 'a=1');
select is((select body from taskhub.inbox where instance_id = 'traced again')::jsonb,
    '{"replaced":true,"trace":{"parent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","state":"a=1"}}',
    'beside what the owner is told');
select throws_ok($$ select taskhub.start_instance('hello', p_traceparent => '1') $$, 'TH006', null, 'a bad one is refused');

-- A live id.
select taskhub_test.given_instance('is ' || s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew']) s;
select throws_ok(format('select taskhub.start_instance(%L, null, %L)', 'hello', 'is ' || s), 'TH003',
    format('hub "PgTapHub" already has a live instance "is %s"', s), format('an id that is %s is taken', s))
from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew']) s;
select is((select count(*) from taskhub.instances where instance_id like 'is %' and xmax <> 0), 0::bigint,
    'and its row was neither locked nor changed');
select throws_ok($$ select taskhub.start_instance('hello', null, 'a') $$, 'TH003', null,
    'so is an id that this transaction has started');

-- A finished id.
select taskhub_test.given_instance('was ' || s, s) from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
update taskhub.instances
set failure = '{"type":"x"}', custom_status = '1', executor = 'native', parent_instance_id = 'p', parent_ref = 1,
    parent_execution_id = gen_random_uuid()
where instance_id like 'was %';
create temp table before as select instance_id, start_id, execution_id from taskhub.instances where instance_id like 'was %';
select lives_ok(format('select taskhub.start_instance(%L, null, %L)', 'again', 'was ' || s),
    format('an id that was %s is taken again', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select results_eq(
    $$ select distinct status::int, name, input, output, failure, custom_status, executor, completed_at,
              parent_instance_id, parent_ref, parent_execution_id
       from taskhub.instances where instance_id like 'was %' $$,
    $$ values (6, 'again', null::text, null::text, null::text, null::text, null::text, null::timestamptz,
               null::text, null::int, null::uuid) $$,
    'nothing of the finished instance is left in its row');
select is((select count(*) from before join taskhub.instances i using (instance_id)
           where i.start_id = before.start_id or i.execution_id = before.execution_id), 0::bigint,
    'start and execution are new');
select is((select count(*) from taskhub.inbox where instance_id like 'was %' and body = '{"replaced":true}'), 4::bigint,
    'the message tells the owner that an older history is to be deleted');
select throws_ok($$ select taskhub.start_instance('again', null, 'was Failed') $$, 'TH003', null, 'then the id is live');

-- Payloads come back byte for byte.
create temp table sent as select input, taskhub.start_instance('hello', input) as id
from unnest(array['null', '""', ' {"b":1,  "a":1.0, "a":2} ', '"\u0000"', '"été 🚀"', '1e400', '"\ud800"']) input;
select is((taskhub.get_instance(id)).input, input, format('the input %s stays as it is', input)) from sent;
select throws_ok(format('select taskhub.start_instance(%L, %L)', 'hello', input), 'TH006', 'input: must be valid JSON',
    format('the input %L is no JSON', input))
from unnest(array['', ' ', '{', 'NaN', '{"a":1} x', '''a''']) input;
select throws_ok($$ select taskhub.start_instance('hello', repeat('[', 1000000)) $$, 'TH006', 'input: must be valid JSON',
    'an input that is nested too deep is refused');

-- Odd ids and names.
select is(taskhub.start_instance('hello', null, id), id, format('%s is an id', id))
from unnest(array['a b', 'été 🚀', '$%&''"', 'a@b']) id;
select throws_ok($$ select taskhub.start_instance('hello', null, '@e@k') $$, 'TH006', 'instance_id: must not begin with ''@''',
    'an entity is not started');
select throws_ok($$ select taskhub.start_instance('hello', null, '') $$, 'TH006', 'instance_id: must not be empty',
    'an empty id is refused, not replaced by a random one');
select throws_ok($$ select taskhub.start_instance('') $$, 'TH006', 'name: must not be empty', 'a name is needed');
select throws_ok($$ select taskhub.start_instance('hello', p_version => repeat('1', 257)) $$, 'TH006', null,
    'a version has a limit');
select throws_ok($$ select taskhub.start_instance('hello', p_tags => '[]') $$, 'TH006', 'tags: must be a JSON object',
    'tags are an object');
select throws_ok($$ select taskhub.start_instance('hello', p_scheduled_start => 'infinity') $$, 'TH006',
    'scheduled_start: must not be infinite', 'a start is never "never"');
select throws_ok($$ select taskhub.start_instance('hello', p_hub => 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

-- A transaction that is rolled back.
savepoint before_start;
select taskhub.start_instance('hello', null, 'undone');
rollback to before_start;
select is((select count(*) from taskhub.instances where instance_id = 'undone')
          + (select count(*) from taskhub.inbox where instance_id = 'undone'), 0::bigint, 'a start that is rolled back leaves nothing');

select taskhub.start_instance('hello', p_instance_id => 'ranked', p_priority => -100);
select is((select priority from taskhub.instances where instance_id = 'ranked'), -100::smallint, 'a priority is kept');
select throws_ok(format('select taskhub.start_instance(%L, p_priority => %s)', 'hello', coalesce(v::text, 'null')), 'TH006',
    'priority: must be between -100 and 100', format('no priority: %s', coalesce(v::text, 'null')))
from unnest(array[101, -101, null]) v;

select * from finish();
rollback;
