-- taskhub.purge_instances(created_from, created_to, statuses, hub)
--
-- Deletes the finished instances that were created between the two times, both included, with their histories, and
-- returns how many. created_from is required, so that no slip of the hand empties a hub ('-infinity' does);
-- created_to null: no end. statuses narrows it to some of Completed, Failed, Canceled, Terminated; null: all four.
-- A live instance is never deleted, whatever statuses says. At most 1,000 a statement, in the order of the key.
-- Errors: TH006 no created_from, unknown status, bad hub. Tables: reads hubs, instances; deletes from instances, history.
create or replace function taskhub.purge_instances(
    p_created_from timestamptz, p_created_to timestamptz default null, p_statuses text[] default null,
    p_hub text default null)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_batch constant int := 1000;
    v_hub taskhub.hubs;
    v_statuses int[];
    v_partitions int[];
    v_ids text[];
    v_after_partition int;
    v_after_id text := '';
    v_gone bigint;
    v_total bigint := 0;
begin
    if p_created_from is null then
        raise exception 'created_from: must not be null' using errcode = 'TH006';
    end if;
    select array_agg(taskhub.status_number(s)) into v_statuses from unnest(p_statuses) s;
    if array_position(v_statuses, null) is not null then
        raise exception 'statuses: has a name that is no status' using errcode = 'TH006',
            hint = 'Finished are Completed, Failed, Canceled and Terminated.';
    end if;
    v_hub := taskhub.resolve_hub(p_hub);
    v_after_partition := v_hub.first_partition - 1;

    loop
        select array_agg(partition_id), array_agg(instance_id) into v_partitions, v_ids
        from (select partition_id, instance_id from taskhub.instances
              where partition_id < v_hub.first_partition + v_hub.partition_count
                and (partition_id, instance_id) > (v_after_partition, v_after_id)
                and created_at >= p_created_from and created_at <= coalesce(p_created_to, 'infinity')
                and taskhub.is_finished(status) and (p_statuses is null or status = any (v_statuses))
              order by partition_id, instance_id limit c_batch for update) found;
        exit when v_ids is null;

        with gone as (
            delete from taskhub.instances i using unnest(v_partitions, v_ids) k(partition_id, instance_id)
            where i.partition_id = k.partition_id and i.instance_id = k.instance_id
            returning i.partition_id, i.instance_id
        ), forgotten as (
            delete from taskhub.history h using gone g
            where h.partition_id = g.partition_id and h.instance_id = g.instance_id
        )
        select count(*) into v_gone from gone;
        v_total := v_total + v_gone;
        v_after_partition := v_partitions[cardinality(v_ids)];
        v_after_id := v_ids[cardinality(v_ids)];
    end loop;
    perform taskhub.note_act(v_hub, 'purge_instances', null, jsonb_build_object(
        'createdFrom', p_created_from, 'createdTo', p_created_to, 'statuses', p_statuses, 'deleted', v_total));
    return v_total;
end
$$;
comment on function taskhub.purge_instances(timestamptz, timestamptz, text[], text) is
    'Deletes finished instances created in a span of time, with their histories; returns how many.';
