-- taskhub.partition_of(instance_id, hub)
--
-- The partition that holds an instance of that id: the hub's first partition plus the hash modulo the count. The id
-- need not exist. A condition on partition_id makes a query on views read one partition only.
-- Errors: TH006 no id, no such hub, or no default hub. Tables: reads hubs.
create or replace function taskhub.partition_of(p_instance_id text, p_hub text default null)
returns int language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs;
begin
    if p_instance_id is null then
        raise exception 'instance_id: must not be null' using errcode = 'TH006';
    end if;
    v_hub := taskhub.resolve_hub(p_hub);
    return v_hub.first_partition + taskhub.partition_hash(p_instance_id) % v_hub.partition_count;
end
$$;
comment on function taskhub.partition_of(text, text) is
    'The partition that holds an instance of that id; the id need not exist.';
