-- taskhub.get_entity(entity_name, entity_key, hub)
--
-- The row of an entity, as taskhub.entities_view shows it, found by its key. state is null while it is only locked.
-- Errors: TH001 the hub has no such entity; TH006 bad name, key or hub. Tables: reads hubs, instances, partitions.
create or replace function taskhub.get_entity(p_entity_name text, p_entity_key text, p_hub text default null)
returns table (
    hub text, name text, key text, state text, last_operation_at timestamptz, locked_by text, created_at timestamptz,
    updated_at timestamptz, entity_id text, partition_id int)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_id text := taskhub.entity_id(p_entity_name, p_entity_key);
    v_partition int := taskhub.partition_of(v_id, p_hub);
begin
    return query
    select * from taskhub.entities_view v
    where v.partition_id = v_partition and v.entity_id = v_id;
    if not found then
        raise exception 'hub "%" has no entity "%"', (taskhub.resolve_hub(p_hub)).name, v_id using errcode = 'TH001';
    end if;
end
$$;
comment on function taskhub.get_entity(text, text, text) is
    'The row of an entity, as taskhub.entities_view shows it.';
