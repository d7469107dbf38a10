-- taskhub.drop_hub(name)
--
-- Deletes a task hub and all that is in it, in the caller's transaction. Refused while a process owns one of its
-- partitions or has registered as its worker. Holds the partitions' locks until the transaction ends, so that
-- nobody becomes their owner meanwhile; never waits for one.
-- Errors: TH004 the hub is in use; TH006 no such hub.
-- Tables: reads hubs, workers; deletes from inbox, activities, history, instances, commits, sql_activities, schedules, workers,
-- partitions, keys, hub_secrets, purges, hubs; writes audit.
create or replace function taskhub.drop_hub(p_name text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_pen constant int := x'74680001'::int;
    v_hub taskhub.hubs;
    v_last int;
    v_worker int;
begin
    if p_name is null then
        raise exception 'name: must not be null' using errcode = 'TH006';
    end if;
    v_hub := taskhub.resolve_hub(p_name);
    v_last := v_hub.first_partition + v_hub.partition_count - 1;

    for v_partition in v_hub.first_partition .. v_last loop
        if not pg_try_advisory_xact_lock(c_pen, v_partition) then
            raise exception 'hub "%" is in use: partition % has an owner', v_hub.name, v_partition
                using errcode = 'TH004', hint = 'Stop the processes that serve the hub.';
        end if;
    end loop;
    select w.worker_id into v_worker
    from taskhub.workers w join taskhub.locks_view l on l.class = 'worker' and l.id = w.worker_id
    where w.hub_id = v_hub.hub_id order by w.worker_id limit 1;
    if found then
        raise exception 'hub "%" is in use: worker % is alive', v_hub.name, v_worker
            using errcode = 'TH004', hint = 'Stop the processes that serve the hub.';
    end if;

    delete from taskhub.inbox where partition_id between v_hub.first_partition and v_last;
    delete from taskhub.activities where partition_id between v_hub.first_partition and v_last;
    delete from taskhub.history where partition_id between v_hub.first_partition and v_last;
    delete from taskhub.instances where partition_id between v_hub.first_partition and v_last;
    delete from taskhub.commits where partition_id between v_hub.first_partition and v_last;
    delete from taskhub.sql_activities where hub_id = v_hub.hub_id;
    delete from taskhub.schedules where hub_id = v_hub.hub_id;
    delete from taskhub.workers where hub_id = v_hub.hub_id;
    delete from taskhub.names where hub_id = v_hub.hub_id;
    delete from taskhub.partitions where hub_id = v_hub.hub_id;
    delete from taskhub.keys where hub_id = v_hub.hub_id;
    delete from taskhub.hub_secrets where hub_id = v_hub.hub_id;
    delete from taskhub.purges where hub_id = v_hub.hub_id;
    delete from taskhub.hubs where hub_id = v_hub.hub_id;
    perform taskhub.note_act(v_hub, 'drop_hub');
end
$$;
comment on function taskhub.drop_hub(text) is
    'Deletes a task hub and all that is in it; refused while a process serves it.';
