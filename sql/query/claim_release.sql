-- What dead or unknown workers hold in a partition (protocol A5): comes free with one crash more; at the limit it is
-- answered as failed, or parked (due at infinity) where the hub says so; an episode is answered to its owner, who fails the instance. Partition, this worker, limit. Returns how many came
-- free, how many are poison, and how many are left because somebody has locked them: a SQL activity whose session has
-- outlived its process, and which may still complete it.
with hub as (
    select h.settings ->> 'poison' = 'park' as parks
    from taskhub.partitions p join taskhub.hubs h on h.hub_id = p.hub_id
    where p.partition_id = $1::int
), held as (
    select a.partition_id, a.id, a.claimed_by, a.crashes + 1 >= $3::int as is_poison,
           a.crashes + 1 >= $3::int and coalesce((select parks from hub), false) as is_parked
    from taskhub.activities a
    left join taskhub.workers w on w.worker_id = a.claimed_by
    where a.partition_id = $1::int and a.claimed_by is not null and a.claimed_by <> $2::int
      and (w.worker_id is null or w.dead_at is not null)
), had as (
    select a.partition_id, a.id, h.is_poison, h.is_parked
    from held h
    join taskhub.activities a on a.partition_id = h.partition_id and a.id = h.id and a.claimed_by = h.claimed_by
    for update of a skip locked
), freed as (
    update taskhub.activities a
    set claimed_by = null, claimed_at = null, crashes = a.crashes + 1,
        due = case when h.is_parked then 'infinity' else a.due end
    from had h
    where a.partition_id = h.partition_id and a.id = h.id and (not h.is_poison or h.is_parked)
    returning h.is_parked
), poisoned as (
    delete from taskhub.activities a using had h
    where a.partition_id = h.partition_id and a.id = h.id and h.is_poison and not h.is_parked
    returning a.partition_id, a.instance_id, a.start_id, a.execution_id, a.seq, a.name, a.crashes, a.kind,
              a.id, a.messages
), answered as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, execution_id, kind, ref, body)
    select p.partition_id, p.instance_id, p.start_id, p.execution_id, case p.kind when 0 then 8 else 100 end, p.seq,
           case p.kind when 0 then json_build_object('failure', f.failure)
                else json_build_object('item', p.id, 'taken', p.messages::json, 'failure', f.failure::text) end::text
    from poisoned p
    cross join lateral (
        select case p.kind when 0 then 'PoisonActivity' when 1 then 'PoisonOrchestrator' else 'PoisonOperation' end as type,
               case p.kind when 0 then 'activity' when 1 then 'orchestrator' else 'entity' end as what) k
    cross join lateral (
        select json_build_object(
            'type', k.type,
            'message', format('%s "%s" was given up: its worker died %s times while it ran', k.what, p.name, p.crashes + 1))
            as failure) f
    returning 1
)
select (select count(*) from freed where not is_parked),
       (select count(*) from answered) + (select count(*) from freed where is_parked),
       (select count(*) from held) - (select count(*) from had)
