-- taskhub.explain_activities(instance, hub_id)
--
-- Inner. What taskhub.explain says of the activities that an instance's present run waits for, one row each; and of an
-- episode, or operations of an entity, that the owner of the partition has no app for and another process is to run.
-- Errors: none. Tables: reads activities, workers, locks.
create or replace function taskhub.explain_activities(p_instance taskhub.instances, p_hub_id int)
returns table (reason text, since timestamptz, due timestamptz, subject text, worker_id int, host text, pid int,
               delivery int, sentence text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with alive as materialized (
        select * from taskhub.live_workers(p_hub_id)
    ), item as (
        select a.*, w.host, w.pid, v.worker_id is not null as is_alive,
               exists (select from alive k,
                           unnest(case a.kind when 0 then k.activities when 1 then k.orchestrators else k.entities end) n
                       where lower(n collate "C") in (lower(a.name collate "C"), '*')) as has_worker,
               case a.kind when 0 then 'activity' when 1 then 'orchestrator' else 'entity' end as what_of,
               (select count(*) from taskhub.activities b join alive k on k.worker_id = b.claimed_by
                where b.claimed_by is not null and a.claimed_by is null) as running
        from taskhub.activities a
        left join taskhub.workers w on w.worker_id = a.claimed_by
        left join alive v on v.worker_id = a.claimed_by
        where a.partition_id = p_instance.partition_id and a.instance_id = p_instance.instance_id
          and a.execution_id = p_instance.execution_id
    ), said as (
        select i.*, case
            when i.claimed_by is not null and i.is_alive then 'activity'
            when i.claimed_by is not null then 'activity_lost'
            when i.due = 'infinity' then 'parked'
            when i.due > now() then 'activity_delayed'
            when not i.has_worker then 'no_worker'
            when i.created_at < now() - interval '2 s' then 'throttled'
            else 'activity' end as what,
            case i.kind when 0 then format('activity "%s" (number %s)', i.name, i.seq)
                        when 1 then format('an episode of orchestrator "%s"', i.name)
                        else format('what is asked of entity "%s"', i.name) end as named
        from item i
    )
    select s.what, coalesce(s.claimed_at, s.created_at), nullif(nullif(s.due, '-infinity'), 'infinity'), s.name, s.claimed_by, s.host, s.pid,
           s.claim_no,
           case s.what
               when 'activity_lost' then format('%s is claimed by worker %s (%s, pid %s), which is gone; it comes free soon',
                                                s.named, s.claimed_by, s.host, s.pid)
               when 'parked' then format('%s is parked until somebody lets it run again or fail: its worker died %s times',
                                         s.named, s.crashes)
               when 'activity_delayed' then format('%s is tried again at %s', s.named, taskhub.utc_text(s.due))
               when 'no_worker' then format('%s waits since %s for a process that has an %s of that name: none is alive',
                                            s.named, taskhub.utc_text(s.created_at), s.what_of)
               when 'throttled' then format('%s waits since %s for a free place: processes that have it are alive, and %s activities run',
                                            s.named, taskhub.utc_text(s.created_at), s.running)
               else case when s.claimed_by is null then format('%s is about to be taken', s.named)
                         else format('%s runs since %s in worker %s (%s, pid %s), delivery %s', s.named,
                                     taskhub.utc_text(s.claimed_at), s.claimed_by, s.host, s.pid, s.claim_no) end
           end
    from said s order by s.seq
$$;
comment on function taskhub.explain_activities(taskhub.instances, int) is
    'Inner: what taskhub.explain says of the activities that an instance waits for.';
