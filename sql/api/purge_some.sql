-- taskhub.purge_some(hub, partitions, ids, recursive)
--
-- Inner. Deletes those instances of the hub that have finished, with their histories, and returns how many. recursive: then
-- the sub-orchestrations that they started, in any of their runs, that have finished, and theirs. Rows that another
-- transaction has locked are left alone. The arrays are in the order of the key.
-- Errors: none. Tables: reads history; deletes from instances, history.
create or replace function taskhub.purge_some(p_hub taskhub.hubs, p_partitions int[], p_ids text[], p_recursive boolean)
returns bigint language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_partitions int[] := p_partitions;
    v_ids text[] := p_ids;
    v_children_partitions int[];
    v_children_ids text[];
    v_gone bigint;
    v_total bigint := 0;
begin
    loop
        select array_agg(partition_id), array_agg(instance_id) into v_partitions, v_ids
        from (select i.partition_id, i.instance_id
              from unnest(v_partitions, v_ids) k(partition_id, instance_id)
              join taskhub.instances i on i.partition_id = k.partition_id and i.instance_id = k.instance_id
              where taskhub.is_finished(i.status) and not i.is_entity
              order by i.partition_id, i.instance_id for update of i skip locked) found;
        exit when v_ids is null;

        v_children_ids := null;
        if p_recursive then
            select array_agg(partition_id), array_agg(instance_id) into v_children_partitions, v_children_ids
            from (select distinct c.partition_id, c.instance_id
                  from unnest(v_partitions, v_ids) k(partition_id, instance_id)
                  join taskhub.history r on r.partition_id = k.partition_id and r.instance_id = k.instance_id
                       and r.events::text like '%SubOrchestrationInstanceCreated%'
                  cross join json_array_elements(r.events) e
                  join taskhub.instances c
                    on c.partition_id = p_hub.first_partition
                           + taskhub.partition_hash(e ->> 'instanceId') % p_hub.partition_count
                   and c.instance_id = e ->> 'instanceId' and c.parent_instance_id = k.instance_id
                  where e ->> 'kind' = 'SubOrchestrationInstanceCreated'
                  order by 1, 2) found;
        end if;

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
        v_partitions := v_children_partitions;
        v_ids := v_children_ids;
    end loop;
    return v_total;
end
$$;
comment on function taskhub.purge_some(taskhub.hubs, int[], text[], boolean) is
    'Inner: deletes those of the given instances that have finished, if asked with their sub-orchestrations.';
