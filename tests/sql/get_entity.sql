-- taskhub.get_entity: the row of the view, by name and key.
begin;
\ir helpers/taskhub_test.sql
select plan(7);
select taskhub_test.given_hub();
insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, is_entity, name, state, lock_holder,
                               last_operation_at)
values (taskhub.partition_of('@counter@a@b'), '@counter@a@b', gen_random_uuid(), gen_random_uuid(), 0, true, 'counter', '{"n":1}',
        '{"instanceId":"order-1","executionId":"00000000000000000000000000000001","criticalSectionId":"s"}', now());
select taskhub_test.given_instance('order-1');

select is((select row(g.*)::text from taskhub.get_entity('Counter', 'a@b') g),
    (select row(v.*)::text from taskhub.entities_view v where v.hub = 'PgTapHub'), 'it is the row of the view');
select is((select array_agg(attname order by attnum) from pg_attribute
           where attrelid = 'taskhub.entities_view'::regclass and attnum > 0),
    (select array_agg(proargnames[n] order by n)::name[] from pg_proc, generate_series(4, cardinality(proargnames)) n
     where oid = 'taskhub.get_entity'::regproc), 'with the same columns');
select results_eq($$ select name, key collate "default", state, locked_by, entity_id collate "default", last_operation_at = now()
                     from taskhub.get_entity('COUNTER', 'a@b', 'pgtaphub') $$,
    $$ values ('counter', 'a@b', '{"n":1}', 'order-1', '@counter@a@b', true) $$, 'key, state and who has it locked');
select throws_ok($$ select * from taskhub.get_entity('Counter', 'A@b') $$, 'TH001', 'hub "PgTapHub" has no entity "@counter@A@b"',
    'keys differ in case');
select throws_ok($$ select * from taskhub.get_entity('', 'k') $$, 'TH006', null, 'the name is looked at');
select throws_ok($$ select * from taskhub.get_entity('Counter', 'k', 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');
select is((select count(*) from taskhub.entities_view where hub = 'PgTapHub'), 1::bigint, 'an orchestration is no entity');

select * from finish();
rollback;
