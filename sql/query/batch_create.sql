-- Rows of sub-orchestrations that begin: new, or in place of a finished one. Arrays by key; then how many.
with made as (
    insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, version, input, tags,
                                   parent_instance_id, parent_execution_id, parent_ref, priority)
    select p, id, start_id, execution_id, 6, name, version, input, tags, parent_id, parent_execution, parent_ref,
           coalesce(priority, 0)
    from unnest($1::int[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::uuid[], $11::int[], $12::smallint[])
         u(p, id, start_id, execution_id, name, version, input, tags, parent_id, parent_execution, parent_ref,
           priority)
    on conflict (partition_id, instance_id) do update
    set start_id = excluded.start_id, execution_id = excluded.execution_id, status = excluded.status,
        is_entity = false, name = excluded.name, version = excluded.version, input = excluded.input,
        tags = excluded.tags, parent_instance_id = excluded.parent_instance_id,
        parent_execution_id = excluded.parent_execution_id, parent_ref = excluded.parent_ref,
        output = null, failure = null, custom_status = null, executor = null, priority = excluded.priority, scheduled_start = null,
        created_at = now(), updated_at = now(), completed_at = null, state = null, lock_holder = null,
        last_operation_at = null
    where instances.status in (1, 3, 4, 5)
    returning 1
)
select taskhub.expect(count(*), $13::bigint) from made
