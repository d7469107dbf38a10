-- taskhub.start_instances: many in one statement, in order, all or none.
begin;
\ir helpers/taskhub_test.sql
select plan(13);
select taskhub_test.given_hub();
create temp table given as
select id, n from taskhub.start_instances('hello', array['1', null, '"three"', 'null']) with ordinality t(id, n);

select is((select count(*) from given where id ~ '^[0-9a-f]{32}$'), 4::bigint, 'it returns an id for each input');
select results_eq(
    $$ select i.input from given join taskhub.instances i on i.instance_id = given.id order by n $$,
    $$ values ('1'), (null), ('"three"'), ('null') $$, 'in the order of the inputs');
select results_eq(
    $$ select n from given join taskhub.inbox m on m.instance_id = given.id order by message_no $$,
    $$ values (1::bigint), (2), (3), (4) $$, 'and their messages are numbered in that order');
select results_eq(
    $$ select distinct m.kind::int, m.due, m.name, m.payload, m.body, m.start_id = i.start_id,
              m.execution_id = i.execution_id, i.status::int, i.partition_id = taskhub.partition_of(i.instance_id)
       from given join taskhub.inbox m on m.instance_id = given.id
       join taskhub.instances i on i.instance_id = m.instance_id and i.partition_id = m.partition_id $$,
    $$ values (3, '-infinity'::timestamptz, 'hello', null::text, null::text, true, true, 6, true) $$,
    'row and message are those of a single start');

select is((select count(*) from taskhub.start_instances('hello', '{}')), 0::bigint, 'no inputs, no instances');
select throws_ok($$ select taskhub.start_instances('hello', null) $$, 'TH006', 'inputs: must not be null', 'null is no list');
select throws_ok($$ select taskhub.start_instances('', array['1']) $$, 'TH006', 'name: must not be empty', 'a name is needed');
select throws_ok($$ select taskhub.start_instances('hello', array['1', '2', '{']) $$, 'TH006',
    'inputs[3]: must be valid JSON', 'the input that is no JSON is named');
select throws_ok($$ select taskhub.start_instances('hello', array['']) $$, 'TH006', 'inputs[1]: must be valid JSON',
    'an empty text is no JSON');
select throws_ok($$ select taskhub.start_instances('hello', array['1'], 'Nowhere') $$, 'TH006', null,
    'an unknown hub is refused');
select is((select count(*) from taskhub.instances_view where hub = 'PgTapHub'), 4::bigint, 'none of those started any');

select is((select count(distinct id) from taskhub.start_instances('hello', array_fill('1'::text, array[20000])) id), 20000::bigint,
    '20,000 start at once');
select is((select count(*) from taskhub.inbox_view where hub = 'PgTapHub' and kind = 'ExecutionStarted'), 20004::bigint,
    'each with its message');

select * from finish();
rollback;
