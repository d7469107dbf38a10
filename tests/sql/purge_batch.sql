-- taskhub.purge_batch: a small batch a call, from hub's first key to its last, recursively if asked.
begin;
\ir helpers/taskhub_test.sql
select plan(15);
select taskhub.create_hub('PgTapBefore', 1);
select taskhub.start_instance('hello', null, 'mine', p_hub => 'PgTapBefore');
select taskhub_test.given_hub(3);
select taskhub.create_hub('PgTapBehind', 1);
select taskhub.start_instance('hello', null, 'mine', p_hub => 'PgTapBehind');
update taskhub.instances set status = 1 where instance_id = 'mine';
create function pg_temp.all_of(p_recursive boolean default false) returns table (calls int, deleted bigint) language plpgsql as $$
declare
    v_after text;
    v_deleted bigint;
begin
    calls := 0;
    deleted := 0;
    loop
        select b.deleted, b.next_after into v_deleted, v_after
        from taskhub.purge_batch('-infinity', null, null, p_recursive, v_after) b;
        calls := calls + 1;
        deleted := deleted + v_deleted;
        exit when v_after is null or calls > 100;
    end loop;
    return next;
end
$$;

select count(*) from taskhub.start_instances('hello', array_fill('1'::text, array[1600]));
update taskhub.instances set status = 1, completed_at = now() where name = 'hello' and status = 6 and partition_id <> taskhub.partition_of('mine', 'PgTapBehind');
select taskhub_test.given_instance('live', 'Running');
select taskhub_test.given_instance('@e@k');
update taskhub.instances set is_entity = true where instance_id = '@e@k';
select results_eq($$ select calls, deleted from pg_temp.all_of() $$, $$ values (4, 1600::bigint) $$, '1,600 go in four batches of at most 500');
select results_eq($$ select instance_id from taskhub.instances_view where hub = 'PgTapHub' order by 1 $$, array['@e@k', 'live']::text[] collate "C",
    'what lives, and entities, stay');
select is((select count(*) from taskhub.instances where instance_id = 'mine'), 2::bigint, 'the hubs beside it keep their own');
select is((select count(*) from taskhub.audit where hub = 'PgTapHub' and act = 'purge_batch'), 1::bigint, 'it is written down once');
select results_eq($$ select calls, deleted from pg_temp.all_of() $$, $$ values (1, 0::bigint) $$, 'nothing is left');
select throws_ok($$ select taskhub.purge_batch(null) $$, 'TH006', 'created_from: must not be null', 'a beginning is needed');
select throws_ok($$ select taskhub.purge_batch('-infinity', null, '{Odd}') $$, 'TH006', null, 'and known statuses');
select throws_ok(format('select taskhub.purge_batch(%L, p_after => %L)', '-infinity', a), 'TH006', 'after: must be what the last call returned',
    'not ' || a)
from unnest(array['x', '1', '999999999:a', taskhub.partition_of('mine', 'PgTapBefore') || ':a']) a;

-- Sub-orchestrations.
select taskhub_test.given_instance(i, s) from (values ('parent', 'Completed'), ('kid', 'Completed'), ('busy', 'Running'), ('grandkid', 'Failed'), ('stranger', 'Completed')) g(i, s);
select taskhub_test.given_episode('parent', '[{"kind":"SubOrchestrationInstanceCreated","instanceId":"kid"},
    {"kind":"SubOrchestrationInstanceCreated","instanceId":"busy"},{"kind":"SubOrchestrationInstanceCreated","instanceId":"stranger"}]');
select taskhub_test.given_episode('kid', '[{"kind":"SubOrchestrationInstanceCreated","instanceId":"grandkid"}]');
update taskhub.instances set created_at = '2020-01-01Z' where instance_id in ('kid', 'busy', 'grandkid', 'stranger');
update taskhub.instances set parent_instance_id = 'parent' where instance_id in ('kid', 'busy');
update taskhub.instances set parent_instance_id = 'kid' where instance_id = 'grandkid';
select is((select deleted from taskhub.purge_batch('2021-01-01Z', null, array['Completed'], true)), 3::bigint,
    'with a parent go those that it started and that have finished, and theirs');
select results_eq($$ select instance_id from taskhub.instances_view where hub = 'PgTapHub' and not is_entity order by 1 $$,
    array['busy', 'live', 'stranger']::text[] collate "C", 'not those that live, nor those that another started');
select is((select count(*) from taskhub.history r join taskhub.partitions_view p using (partition_id) where p.hub = 'PgTapHub'), 0::bigint,
    'histories go with them');
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.purge_batch('-infinity') $$), '00000', 'a client may');

select * from finish();
rollback;
