-- taskhub.explain_history(instance, hub)
--
-- Inner. What taskhub.explain reads from the history of an instance's present run: sub-orchestrations, calls and locks
-- of entities that have not been answered, events that it waits for, and its suspension.
-- Errors: none. Tables: reads history, instances, audit.
create or replace function taskhub.explain_history(p_instance taskhub.instances, p_hub taskhub.hubs)
returns table (reason text, since timestamptz, due timestamptz, subject text, worker_id int, host text, pid int,
               delivery int, sentence text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with event as materialized (
        select r.first_seq + e.n - 1 as seq, e.event, e.event ->> 'kind' as kind, (e.event ->> 'ref')::int as ref,
               coalesce(timestamptz 'epoch' + (e.event ->> 't')::bigint * interval '1 microsecond', r.at) as at
        from taskhub.history r cross join lateral json_array_elements(r.events) with ordinality e(event, n)
        where r.partition_id = p_instance.partition_id and r.instance_id = p_instance.instance_id
          and r.execution_id = p_instance.execution_id
    ), open as (
        select e.*, case e.kind when 'SubOrchestrationInstanceCreated' then e.event ->> 'instanceId'
                                when 'EntityOperationCalled' then e.event ->> 'target'
                                else l.id end as other
        from event e
        left join lateral json_array_elements_text(
            case when e.kind = 'EntityLockRequested' then e.event -> 'lockSet' end) l(id) on true
        where e.kind in ('SubOrchestrationInstanceCreated', 'EntityOperationCalled', 'EntityLockRequested')
          and not exists (select from event a where a.ref = e.seq)
    ), asked as (
        select o.*, i.status, i.lock_holder::json ->> 'instanceId' as holder
        from open o
        left join taskhub.instances i
               on i.partition_id = p_hub.first_partition + taskhub.partition_hash(o.other) % p_hub.partition_count
              and i.instance_id = o.other
    ), suspended as (
        select e.at, e.event ->> 'reason' as why from event e where e.kind = 'ExecutionSuspended'
        order by e.seq desc limit 1
    ), suspender as (
        select coalesce('the key "' || a.key_name || '"', a.db_user) as who from taskhub.audit a
        where a.hub_id = p_hub.hub_id and a.instance_id = p_instance.instance_id and a.act = 'suspend_instance'
        order by a.at desc limit 1
    ), memo as (
        select r.at, r.memo from taskhub.history r
        where r.partition_id = p_instance.partition_id and r.instance_id = p_instance.instance_id
          and r.execution_id = p_instance.execution_id
        order by r.episode desc limit 1
    )
    select case a.kind when 'SubOrchestrationInstanceCreated' then 'child' when 'EntityOperationCalled' then 'entity'
                       else 'lock' end,
           a.at, null::timestamptz, a.other, null::int, null::text, null::int, null::int,
           case a.kind
               when 'SubOrchestrationInstanceCreated'
                   then format('sub-orchestration "%s" (%s) runs since %s: it is %s', a.other, a.event ->> 'name',
                               taskhub.utc_text(a.at), coalesce(taskhub.status_name(a.status), 'about to be created'))
               when 'EntityOperationCalled'
                   then format('operation "%s" of entity "%s" was called at %s%s', a.event ->> 'operation', a.other,
                               taskhub.utc_text(a.at), case when a.holder is not null and a.holder <> p_instance.instance_id
                                   then format('; instance "%s" has it locked', a.holder) else '' end)
               else format('the lock of entity "%s" was asked for at %s; %s', a.other, taskhub.utc_text(a.at),
                           case when a.holder = p_instance.instance_id then 'it has that one, and waits for others of the set'
                                when a.holder is not null then format('instance "%s" has it', a.holder)
                                else 'nobody has it' end) end
    from asked a
    union all
    select 'suspended', coalesce(s.at, p_instance.updated_at), null, null, null, null, null, null,
           format('it is suspended since %s%s%s', taskhub.utc_text(coalesce(s.at, p_instance.updated_at)),
                  ' by ' || b.who, ': ' || nullif(s.why, ''))
    from (select) one left join suspended s on true left join suspender b on true
    where p_instance.status = 7
    union all
    select 'event', m.at, null, e.name, null, null, null, null,
           format('it waits since %s for the event "%s"', taskhub.utc_text(m.at), e.name)
    from memo m cross join lateral unnest(taskhub.memo_events(m.memo)) e(name)
$$;
comment on function taskhub.explain_history(taskhub.instances, taskhub.hubs) is
    'Inner: what taskhub.explain reads from the history of an instance.';
