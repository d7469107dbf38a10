-- taskhub.purge_instance(instance_id, hub)
--
-- Deletes a finished instance and the history of all its executions. Its children stay.
-- Errors: TH001 the hub has no such instance; TH004 the instance has not finished; TH006 bad id or hub.
-- Tables: reads hubs; deletes from instances, history.
create or replace function taskhub.purge_instance(p_instance_id text, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_partition int := taskhub.partition_of(p_instance_id, p_hub);
    v_status int;
begin
    select status into v_status
    from taskhub.instances where partition_id = v_partition and instance_id = p_instance_id;
    if not found then
        raise exception 'hub "%" has no instance "%"', (taskhub.resolve_hub(p_hub)).name, p_instance_id
            using errcode = 'TH001';
    end if;

    if taskhub.is_finished(v_status) then
        with gone as (
            delete from taskhub.instances
            where partition_id = v_partition and instance_id = p_instance_id and taskhub.is_finished(status)
            returning partition_id, instance_id
        ), forgotten as (
            delete from taskhub.history h using gone g
            where h.partition_id = g.partition_id and h.instance_id = g.instance_id
        )
        select 1 into v_status from gone;
        if found then
            perform taskhub.note_act(taskhub.resolve_hub(p_hub), 'purge_instance', p_instance_id);
            return;
        end if;
    end if;
    raise exception 'instance "%" of hub "%" has not finished', p_instance_id, (taskhub.resolve_hub(p_hub)).name
        using errcode = 'TH004';
end
$$;
comment on function taskhub.purge_instance(text, text) is
    'Deletes a finished instance and its history.';
