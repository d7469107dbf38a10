-- taskhub.get_instance(instance_id, hub)
--
-- The row of an instance, as taskhub.instances_view shows it, found by its key.
-- Errors: TH001 the hub has no such instance; TH006 bad id or hub. Tables: reads hubs, instances, partitions.
create or replace function taskhub.get_instance(p_instance_id text, p_hub text default null)
returns table (
    hub text, instance_id text, name text, version text, runtime_status text, input text, output text, failure text,
    custom_status text, created_at timestamptz, updated_at timestamptz, completed_at timestamptz, execution_id text,
    partition_id int, parent_instance_id text, parent_execution_id text, tags text, scheduled_start timestamptz,
    executor text, priority smallint, is_entity boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_partition int := taskhub.partition_of(p_instance_id, p_hub);
begin
    return query
    select * from taskhub.instances_view v
    where v.partition_id = v_partition and v.instance_id = p_instance_id;
    if not found then
        raise exception 'hub "%" has no instance "%"', (taskhub.resolve_hub(p_hub)).name, p_instance_id
            using errcode = 'TH001';
    end if;
end
$$;
comment on function taskhub.get_instance(text, text) is 'The row of an instance, as taskhub.instances_view shows it.';
