-- taskhub.poisoned: what killed its workers too often. An activity that is parked, with its number, for as long as nobody
-- lets it run again or fail (the hub's setting poison = park); and an instance that failed because it, or an activity
-- that it did not catch the failure of, was given up: seq is null.
create or replace view taskhub.poisoned as
select h.name as hub, i.instance_id, null::int as seq, 'instance' as kind, i.name, i.completed_at as since,
       null::int as crashes, i.failure::json ->> 'message' as reason, i.partition_id
from taskhub.instances i
join taskhub.partitions p on p.partition_id = i.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
where i.failure is not null and i.status = 3 and i.failure ~ '"type" ?: ?"Poison(Orchestrator|Operation|Activity)"'
union all
select h.name, a.instance_id, a.seq, 'activity', a.name, a.created_at, a.crashes,
       format('its worker died %s times while it ran', a.crashes), a.partition_id
from taskhub.activities a
join taskhub.partitions p on p.partition_id = a.partition_id
join taskhub.hubs h on h.hub_id = p.hub_id
where a.claimed_by is null and a.due = 'infinity';
comment on view taskhub.poisoned is
    'Activities that are parked and instances that were given up, because their workers died too often.';
