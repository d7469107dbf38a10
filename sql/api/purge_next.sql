-- taskhub.purge_next(hub, purge, batch)
--
-- Inner. One step of a pass over a hub's finished instances, in the order of the key: looks at the next 5,000 at most,
-- deletes the first of them that match, at most so many (and, recursively, what they started), and returns the pass as it
-- stands after that: deleted, after_partition, after_id; finished_at is set once there are no more.
--
-- A pass of the hub's retention leaves a sub-orchestration for as long as the run of its parent that asked for it is there:
-- it goes with that.
-- Errors: none. Tables: reads instances; deletes from instances, history.
create or replace function taskhub.purge_next(p_hub taskhub.hubs, p_purge taskhub.purges, p_batch int)
returns taskhub.purges language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_look constant int := 5000;
    v_purge taskhub.purges := p_purge;
    v_last int := p_hub.first_partition + p_hub.partition_count - 1;
    v_seen int;
    v_matched int;
    v_after_partition int;
    v_after_id text;
    v_partitions int[];
    v_ids text[];
begin
    with look as materialized (
        select i.partition_id, i.instance_id, i.status, i.created_at, i.completed_at, i.is_entity, i.parent_instance_id,
               i.parent_execution_id
        from taskhub.instances i
        where i.partition_id >= v_purge.after_partition and i.partition_id <= v_last
          and (i.partition_id, i.instance_id) > (v_purge.after_partition, v_purge.after_id)
        order by i.partition_id, i.instance_id limit c_look
    ), judged as (
        select l.partition_id, l.instance_id,
               l.status = any (v_purge.statuses) and taskhub.is_finished(l.status) and not l.is_entity
               and l.created_at >= v_purge.created_from and l.created_at <= v_purge.created_to
               and (v_purge.completed_until is null
                    or l.completed_at < (v_purge.completed_until ->> l.status::text)::timestamptz
                       and not exists (
                           select from taskhub.instances p
                           where l.parent_instance_id is not null
                             and p.partition_id = p_hub.first_partition
                                     + taskhub.partition_hash(l.parent_instance_id) % p_hub.partition_count
                             and p.instance_id = l.parent_instance_id and p.execution_id = l.parent_execution_id))
               as matches
        from look l
    ), counted as (
        select j.*, count(*) filter (where j.matches) over (order by j.partition_id, j.instance_id) as n from judged j
    ), taken as (
        select c.*, count(*) over () as seen from counted c where c.n < p_batch or c.n = p_batch and c.matches
    )
    select array_agg(t.partition_id order by t.partition_id, t.instance_id) filter (where t.matches),
           array_agg(t.instance_id order by t.partition_id, t.instance_id) filter (where t.matches),
           count(*), count(*) filter (where t.matches),
           (array_agg(t.partition_id order by t.partition_id desc, t.instance_id desc))[1],
           (array_agg(t.instance_id order by t.partition_id desc, t.instance_id desc))[1]
    into v_partitions, v_ids, v_seen, v_matched, v_after_partition, v_after_id
    from taken t;

    v_purge.updated_at := clock_timestamp();
    v_purge.after_partition := coalesce(v_after_partition, v_last);
    v_purge.after_id := coalesce(v_after_id, v_purge.after_id);
    if v_seen < c_look and v_matched < p_batch then
        v_purge.finished_at := clock_timestamp();
    end if;
    v_purge.deleted := v_purge.deleted + taskhub.purge_some(p_hub, v_partitions, v_ids, v_purge.recursive);
    return v_purge;
end
$$;
comment on function taskhub.purge_next(taskhub.hubs, taskhub.purges, int) is
    'Inner: one step of a pass over the finished instances of a hub.';
