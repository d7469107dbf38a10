-- taskhub.explain_messages(instance, hub)
--
-- Inner. What taskhub.explain says of the messages to an instance: a start that is not due, timers, messages that
-- wait for the owner or are overdue, and those that the instance can't take yet.
-- Errors: none. Tables: reads inbox, workers, locks.
create or replace function taskhub.explain_messages(p_instance taskhub.instances, p_hub taskhub.hubs)
returns table (reason text, since timestamptz, due timestamptz, subject text, worker_id int, host text, pid int,
               delivery int, sentence text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with alive as materialized (
        select * from taskhub.live_workers(p_hub.hub_id) where roles like '%orchestrators%'
    ), owners as (
        select count(*) > 0 as any_alive from alive a
    ), message as (
        select taskhub.kind_name(m.kind) as kind, m.name, m.due, m.sent_at, m.kind as number,
               case when m.due = 'infinity' then 'held'
                    when m.due > now() and m.kind = 3 then 'scheduled_start'
                    when m.due > now() and m.kind = 13 then 'timer'
                    when m.due > now() then 'scheduled'
                    else 'due' end as state
        from taskhub.inbox m
        where m.partition_id = p_instance.partition_id and m.instance_id = p_instance.instance_id
          and coalesce(m.start_id, p_instance.start_id) = p_instance.start_id
          and coalesce(m.execution_id, p_instance.execution_id) = p_instance.execution_id
    ), waiting as (
        select min(greatest(m.due, m.sent_at)) as since, count(*) as n,
               p_hub.paused_at is null and min(greatest(m.due, m.sent_at, p_hub.resumed_at)) <= now() - interval '30 s'
                   as is_overdue, string_agg(distinct m.kind, ', ') as kinds
        from message m where m.state = 'due' having count(*) > 0
    ), held as (
        select min(m.sent_at) as since, count(*) as n,
               string_agg(distinct coalesce(m.kind || ' "' || m.name || '"', m.kind), ', ') as kinds
        from message m where m.state = 'held' having count(*) > 0
    )
    select m.state, m.sent_at, m.due, coalesce(m.name, m.kind), null::int, null::text, null::int, null::int,
           case m.state
               when 'scheduled_start' then format('it is to start at %s', taskhub.utc_text(m.due))
               when 'timer' then format('a durable timer is due at %s', taskhub.utc_text(m.due))
               else format('a message, %s, is to come at %s', m.kind, taskhub.utc_text(m.due)) end
    from message m where m.state in ('scheduled_start', 'timer', 'scheduled')
    union all
    select case when not o.any_alive then 'no_worker'
                when w.is_overdue then 'overdue' else 'message' end,
           w.since, null, p_instance.name, null, null, null, null,
           case when not o.any_alive
                    then format('%s messages (%s) wait since %s for a process that owns partitions: none is alive',
                                w.n, w.kinds, taskhub.utc_text(w.since))
                when w.is_overdue
                    then format('%s messages (%s) are due since %s, and the owner of its partition has not taken them',
                                w.n, w.kinds, taskhub.utc_text(w.since))
                else format('%s messages (%s) are %s', w.n, w.kinds,
                            case when p_hub.paused_at is null then 'about to be taken' else 'to be taken then' end) end
    from waiting w cross join owners o
    union all
    select 'held', h.since, null, h.kinds, null, null, null, null,
           format('%s messages (%s) wait until it can take them', h.n, h.kinds)
    from held h
$$;
comment on function taskhub.explain_messages(taskhub.instances, taskhub.hubs) is
    'Inner: what taskhub.explain says of the messages to an instance.';
