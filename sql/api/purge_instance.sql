-- taskhub.purge_instance(instance_id, hub, recursive)
--
-- Deletes a finished instance and the history of all its executions. Its sub-orchestrations stay; recursive: those that
-- have finished go with it, and theirs.
-- Errors: TH001 the hub has no such instance; TH004 the instance has not finished, or another transaction has it;
-- TH006 bad id or hub. Tables: reads hubs, history; deletes from instances, history; writes audit.
drop function if exists taskhub.purge_instance(text, text);
create or replace function taskhub.purge_instance(p_instance_id text, p_hub text default null, p_recursive boolean default false)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_partition int := taskhub.partition_of(p_instance_id, v_hub.name);
begin
    if not exists (select from taskhub.instances where partition_id = v_partition and instance_id = p_instance_id) then
        raise exception 'hub "%" has no instance "%"', v_hub.name, p_instance_id using errcode = 'TH001';
    end if;
    if taskhub.purge_some(v_hub, array[v_partition], array[p_instance_id], coalesce(p_recursive, false)) = 0 then
        raise exception 'instance "%" of hub "%" has not finished', p_instance_id, v_hub.name using errcode = 'TH004';
    end if;
    perform taskhub.note_act(v_hub, 'purge_instance', p_instance_id,
                             jsonb_build_object('recursive', nullif(p_recursive, false)));
end
$$;
comment on function taskhub.purge_instance(text, text, boolean) is
    'Deletes a finished instance and its history, if asked with its finished sub-orchestrations.';
