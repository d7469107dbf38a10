-- taskhub.restart_instance: a start with what the row holds.
begin;
\ir helpers/taskhub_test.sql
select plan(24);
select taskhub_test.given_hub();
select taskhub_test.given_instance(s, s) from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;
update taskhub.instances
set version = '2.0', input = ' {"b": 1, "a": 2}', tags = '{"team":"sales"}', failure = '{"type":"x"}', custom_status = '1',
    parent_instance_id = 'p', parent_ref = 1, parent_execution_id = gen_random_uuid();
create temp table before as select instance_id, start_id, execution_id from taskhub.instances;

-- Under a new id.
create temp table again as
select s as was, taskhub.restart_instance(s) as id
from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew', 'Completed', 'Failed', 'Canceled', 'Terminated']) s;
select matches(id, '^[0-9a-f]{32}$', format('what is %s starts again under a new id', was)) from again;
select results_eq(
    $$ select distinct i.runtime_status, i.name, i.version, i.input, i.tags, i.output, i.parent_instance_id
       from again cross join lateral taskhub.get_instance(id) i $$,
    $$ values ('Pending', 'hello', '2.0', ' {"b": 1, "a": 2}', '{"team":"sales"}', null::text, null::text) $$,
    'with name, version, input and tags, and nothing else');
select is((select count(*) from before b join taskhub.instances i using (instance_id, start_id, execution_id)), 8::bigint,
    'the instances themselves stay as they are');
select is((select count(*) from taskhub.inbox m join again a on a.id = m.instance_id where m.kind = 3), 8::bigint,
    'each start has its message');

-- Under the same id.
select is(taskhub.restart_instance(s, false), s, format('what is %s is replaced', s))
from unnest(array['Completed', 'Failed', 'Canceled', 'Terminated']) s;
select results_eq(
    $$ select distinct runtime_status, name, version, input, tags, output, failure, custom_status, parent_instance_id
       from taskhub.instances_view where instance_id in ('Completed', 'Failed', 'Canceled', 'Terminated') $$,
    $$ values ('Pending', 'hello', '2.0', ' {"b": 1, "a": 2}', '{"team":"sales"}', null::text, null::text, null::text, null::text) $$,
    'by a start with the same name, version, input and tags');
select throws_ok(format('select taskhub.restart_instance(%L, false)', s), 'TH004',
    format('instance "%s" of hub "PgTapHub" has not finished', s), format('what is %s is not', s))
from unnest(array['Running', 'Pending', 'Suspended', 'ContinuedAsNew']) s;

-- What can't be.
select throws_ok($$ select taskhub.restart_instance('nobody') $$, 'TH001', 'hub "PgTapHub" has no instance "nobody"',
    'an unknown one is an error');
update taskhub.instances set is_entity = true where instance_id = 'Running';
select throws_ok($$ select taskhub.restart_instance('Running') $$, 'TH001', null, 'an entity is none that was started');
select throws_ok($$ select taskhub.restart_instance('Pending', p_hub => 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');
select matches(taskhub.restart_instance('Suspended', null), '^[0-9a-f]{32}$', 'null asks for a new id, as by default');

select * from finish();
rollback;
