-- Rows of entities as their operations and locks leave them: made, changed, or gone. An entity is in a batch once, so each
-- row counts once. Arrays by key: partition, id, start, execution, gone, name, state, lock holder, time of the last
-- operation (null: none ran), executor; then how many.
with given as (
    select * from unnest($1::int[], $2::text[], $3::uuid[], $4::uuid[], $5::boolean[], $6::text[], $7::text[],
                         $8::text[], $9::timestamptz[], $10::text[])
                  u(p, id, start_id, execution_id, gone, name, state, lock_holder, operated_at, executor)
), ended as (
    delete from taskhub.instances i using given u
    where u.gone and i.partition_id = u.p and i.instance_id = u.id and i.is_entity
    returning 1
), written as (
    insert into taskhub.instances as i
        (partition_id, instance_id, start_id, execution_id, status, is_entity, name, state, lock_holder,
         last_operation_at, executor)
    select p, id, start_id, execution_id, 0, true, name, state, lock_holder, operated_at, executor
    from given where not gone
    on conflict (partition_id, instance_id) do update
    set state = excluded.state, lock_holder = excluded.lock_holder,
        last_operation_at = coalesce(excluded.last_operation_at, i.last_operation_at),
        executor = coalesce(excluded.executor, i.executor), updated_at = now()
    where i.is_entity
    returning 1
)
select taskhub.expect((select count(*) from ended) + (select count(*) from written), $11::bigint)
