-- taskhub.restart_instance(instance_id, new_id, hub)
--
-- Starts an orchestration over with the name, version, input and tags that its row holds, and returns the id: a new one, or
-- with new_id => false the same, and then the finished instance is replaced. A live one can only be restarted under a new id.
-- Errors: TH001 the hub has no such instance; TH004 it is to keep its id and has not finished; TH006 bad id or hub.
-- Tables: reads hubs, instances; writes instances, inbox, audit. Waits only for a transaction that starts the same id.
create or replace function taskhub.restart_instance(p_instance_id text, p_new_id boolean default true,
                                                    p_hub text default null)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_row taskhub.instances;
    v_id text;
begin
    select * into v_row
    from taskhub.instances
    where partition_id = taskhub.partition_of(p_instance_id, p_hub) and instance_id = p_instance_id and not is_entity;
    if not found then
        raise exception 'hub "%" has no instance "%"', (taskhub.resolve_hub(p_hub)).name, p_instance_id
            using errcode = 'TH001';
    end if;
    v_id := taskhub.start_instance(v_row.name, v_row.input,
                                   case when coalesce(p_new_id, true) then null else p_instance_id end,
                                   v_row.version, v_row.tags, null, p_hub, v_row.priority);
    perform taskhub.note_act(taskhub.resolve_hub(p_hub), 'restart_instance', p_instance_id,
                             jsonb_build_object('newInstanceId', nullif(v_id, p_instance_id)));
    return v_id;
exception when sqlstate 'TH003' then
    raise exception 'instance "%" of hub "%" has not finished', p_instance_id, (taskhub.resolve_hub(p_hub)).name
        using errcode = 'TH004';
end
$$;
comment on function taskhub.restart_instance(text, boolean, text) is
    'Starts an instance over, under a new id or in place of the finished one, and returns the id.';
