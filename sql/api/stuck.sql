-- taskhub.stuck: instances that are not finished and that nothing will wake (protocol, 9.3). Empty, always.
--
-- An instance may wait for a message or timer; an activity or an episode for another process, queued (though no worker may
-- have its name: taskhub.unserved tells) or with a live worker; a child that is live or about
-- to start or to be rewound; an event, as the memo of its last episode tells; or, suspended, for its resumption. A message that is due
-- for 30 s while a live worker of the hub runs orchestrators is overdue; without such a worker everything waits for one.
-- In a paused hub no message is overdue, nor for that while after it is resumed.
-- An operation of an entity may take its time, so its messages are overdue after half an hour. An orchestration waits for
-- what it has asked of an entity: due, or held while another run has the entity locked. An entity waits by nature, unless it
-- holds messages that nothing puts back, or a run that has ended has it locked.
-- A claim younger than 30 s counts as alive: a dead worker is given up only after a while. A message of a transaction
-- that stayed open for longer looks overdue for the moment between its commit and the owner's next look.
--
-- Facts are collected one row each and grouped once: joins of grouped rows would be nested loops on fresh tables.
create or replace view taskhub.stuck as
with alive as materialized (
    select w.worker_id, w.hub_id, w.roles like '%orchestrators%' as capable
    from taskhub.workers w join taskhub.locks_view l on l.class = 'worker' and l.id = w.worker_id
    where w.dead_at is null
), place as materialized (
    select p.partition_id, h.name as hub, h.first_partition, h.partition_count,
           h.paused_at is null and exists (select from alive a where a.hub_id = h.hub_id and a.capable) as capable,
           coalesce(h.resumed_at, '-infinity') as resumed_at
    from taskhub.partitions p join taskhub.hubs h on h.hub_id = p.hub_id
), live as not materialized (
    select * from taskhub.instances where completed_at is null and not taskhub.is_finished(status)
), message as not materialized (
    select m.*, p.first_partition, p.partition_count, greatest(m.due, m.sent_at) as since,
           p.capable and greatest(m.due, m.sent_at, p.resumed_at)
               <= now() - case when m.instance_id like '@%' then interval '30 min' else interval '30 s' end as overdue
    from taskhub.inbox m join place p on p.partition_id = m.partition_id
    where m.due < 'infinity'
), held as materialized (
    select m.partition_id, m.instance_id, min(m.sent_at) as since,
           max(i.lock_holder) is not null
           or exists (select from taskhub.inbox d where d.partition_id = m.partition_id
                      and d.instance_id = m.instance_id and d.due < 'infinity')
           or exists (select from taskhub.activities a where a.partition_id = m.partition_id
                      and a.instance_id = m.instance_id and a.kind <> 0) as is_reachable
    from taskhub.inbox m
    left join taskhub.instances i on i.partition_id = m.partition_id and i.instance_id = m.instance_id and i.is_entity
    where m.due = 'infinity' and m.instance_id like '@%'
    group by m.partition_id, m.instance_id
), child as (
    select p.first_partition, p.partition_count, i.parent_instance_id as instance_id,
           i.parent_execution_id as execution_id
    from live i join place p on p.partition_id = i.partition_id
    where i.parent_instance_id is not null
    union all
    select m.first_partition, m.partition_count, m.body::json -> 'parent' ->> 'instanceId',
           (m.body::json -> 'parent' ->> 'executionId')::uuid
    from message m
    where m.kind in (3, 30) and m.body like '%"parent"%' and not m.overdue
    union all
    select p.first_partition, p.partition_count, m.body::json ->> 'parentInstanceId',
           (m.body::json ->> 'parentExecutionId')::uuid
    from taskhub.inbox m
    join place p on p.partition_id = m.partition_id
    left join held h on h.partition_id = m.partition_id and h.instance_id = m.instance_id
    where m.kind in (24, 27) and m.body like '%"parentInstanceId"%'
      and case when m.due = 'infinity' then h.is_reachable
               else not p.capable or greatest(m.due, m.sent_at, p.resumed_at) > now() - interval '30 min' end
), fact as (
    select partition_id, instance_id, is_entity or status = 7 as waits, null::timestamptz as overdue_since,
           null::int as gone_worker
    from live
    union all
    select h.partition_id, h.instance_id, false, h.since, null
    from held h join live i on i.partition_id = h.partition_id and i.instance_id = h.instance_id
    where not h.is_reachable and h.since <= now() - interval '30 s'
    union all
    select l.partition_id, l.instance_id, false, l.updated_at, null
    from (select i.partition_id, i.instance_id, i.updated_at, i.lock_holder::json as holder
          from live i where i.is_entity and i.lock_holder is not null) l
    join place p on p.partition_id = l.partition_id
    where not exists (
            select from live i
            where i.partition_id = p.first_partition
                      + taskhub.partition_hash(l.holder ->> 'instanceId') % p.partition_count
              and i.instance_id = l.holder ->> 'instanceId' and i.execution_id = (l.holder ->> 'executionId')::uuid)
      and not exists (
            select from taskhub.inbox m
            where m.partition_id between p.first_partition and p.first_partition + p.partition_count - 1 and m.kind = 29
              and strpos(m.body, l.holder ->> 'criticalSectionId') > 0)
    union all
    select i.partition_id, i.instance_id, not m.overdue, case when m.overdue then m.since end, null
    from live i
    join message m on m.partition_id = i.partition_id and m.instance_id = i.instance_id
    where coalesce(m.start_id, i.start_id) = i.start_id and coalesce(m.execution_id, i.execution_id) = i.execution_id
    union all
    select i.partition_id, i.instance_id,
           a.claimed_by is null or w.worker_id is not null or a.claimed_at > now() - interval '30 s', null,
           case when w.worker_id is null then a.claimed_by end
    from live i
    join taskhub.activities a on a.partition_id = i.partition_id and a.instance_id = i.instance_id
         and a.execution_id = i.execution_id
    left join alive w on w.worker_id = a.claimed_by
    union all
    select i.partition_id, i.instance_id, true, null, null
    from child c
    join live i on i.partition_id = c.first_partition + taskhub.partition_hash(c.instance_id) % c.partition_count
         and i.instance_id = c.instance_id and i.execution_id = c.execution_id
), judged as (
    select partition_id, instance_id, min(overdue_since) as overdue_since, min(gone_worker) as gone_worker
    from fact group by partition_id, instance_id
    having min(overdue_since) is not null or not bool_or(waits)
)
select p.hub, i.instance_id, i.name, taskhub.status_name(i.status) as runtime_status,
       coalesce(j.overdue_since, i.updated_at) as since,
       case
           when j.overdue_since is not null and i.is_entity
               then 'a message is overdue, or a run that has ended has it locked'
           when j.overdue_since is not null then 'a message is overdue'
           when j.gone_worker is not null then format('its activity is claimed by worker %s, which is gone', j.gone_worker)
           else 'it waits for nothing: no message, timer, activity, child or event'
       end as reason,
       replace(i.execution_id::text, '-', '') as execution_id, i.partition_id
from judged j
join place p on p.partition_id = j.partition_id
join taskhub.instances i on i.partition_id = j.partition_id and i.instance_id = j.instance_id
where j.overdue_since is not null
   or not coalesce((select taskhub.memo_waits(r.memo) from taskhub.history r
                    where r.partition_id = i.partition_id and r.instance_id = i.instance_id
                      and r.execution_id = i.execution_id
                    order by r.episode desc limit 1), false);
comment on view taskhub.stuck is
    'Instances that are not finished and that nothing will wake, with the reason; empty unless something is wrong.';
