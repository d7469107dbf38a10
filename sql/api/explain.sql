-- taskhub.explain(instance_id, hub)
--
-- Why an instance is not running at this moment, one row a reason, each with a sentence for people. Reasons:
--   finished          it has ended
--   suspended         somebody suspended it
--   scheduled_start   it is to start later
--   activity          one runs, or is about to be taken; activity_delayed: tried again later; activity_lost: its worker is gone
--   parked            an activity waits for somebody to let it run again or fail: it is in taskhub.poisoned
--   throttled         an activity waits although processes that have it are alive
--   no_worker         no live process has the orchestrator, entity or activity; or, of a message, owns partitions
--   timer, scheduled  a durable timer or a delayed message is not due yet
--   event             an external event has not come
--   child             a sub-orchestration has not finished
--   entity, lock      an entity has not answered, or somebody else has it locked
--   message, overdue  messages are about to be taken, or should have been (then it is in taskhub.stuck too)
--   held              messages wait until the instance can take them
--   locked            of an entity: an instance has it locked
--   idle              of an entity: nobody asks anything of it
--   hub_paused        nothing new begins in the hub
--   stuck             it waits for nothing that is known: see taskhub.stuck
-- since says since when, due until when, subject the name or id that it is about; of a claimed activity also who has it,
-- and which delivery it is. Costs reading the instance's history and messages.
-- Errors: TH001 the hub has no such instance; TH006 bad id or hub.
-- Tables: reads hubs, instances, activities, inbox, history, workers, locks. Locks nothing.
create or replace function taskhub.explain(p_instance_id text, p_hub text default null)
returns table (reason text, sentence text, since timestamptz, due timestamptz, subject text, worker_id int, host text,
               pid int, delivery int)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_instance taskhub.instances;
begin
    select i.* into v_instance from taskhub.instances i
    where i.partition_id = taskhub.partition_of(p_instance_id, v_hub.name) and i.instance_id = p_instance_id;
    if not found then
        raise exception 'hub "%" has no instance "%"', v_hub.name, p_instance_id using errcode = 'TH001';
    end if;
    if taskhub.is_finished(v_instance.status) then
        return query select 'finished', format('it is %s since %s', taskhub.status_name(v_instance.status),
                                               taskhub.utc_text(v_instance.completed_at)),
                            v_instance.completed_at, null::timestamptz, null::text, null::int, null::text, null::int, null::int;
        return;
    end if;

    if v_hub.paused_at is not null then
        return query select 'hub_paused', format('hub "%s" is paused since %s by %s%s', v_hub.name,
                                                 taskhub.utc_text(v_hub.paused_at), v_hub.paused_by,
                                                 ': ' || nullif(v_hub.pause_reason, '')),
                            v_hub.paused_at, null::timestamptz, v_hub.name, null::int, null::text, null::int, null::int;
    end if;
    if v_instance.lock_holder is not null then
        return query select 'locked', format('instance "%s" has it locked', v_instance.lock_holder::json ->> 'instanceId'),
                            v_instance.updated_at, null::timestamptz, v_instance.lock_holder::json ->> 'instanceId',
                            null::int, null::text, null::int, null::int;
    end if;
    return query
        select e.reason, e.sentence, e.since, e.due, e.subject, e.worker_id, e.host, e.pid, e.delivery from (
            select case h.reason when 'suspended' then 1 else 4 end as turn, h.*
            from taskhub.explain_history(v_instance, v_hub) h
            union all select 2, m.* from taskhub.explain_messages(v_instance, v_hub) m
            union all select 3, a.* from taskhub.explain_activities(v_instance, v_hub.hub_id) a) e
        order by e.turn, e.since;
    if found or v_instance.lock_holder is not null or v_hub.paused_at is not null then
        return;
    end if;
    return query select case when v_instance.is_entity then 'idle' else 'stuck' end,
                        case when v_instance.is_entity then 'nobody asks anything of it'
                             else 'it waits for nothing: no message, timer, activity, child or event' end,
                        v_instance.updated_at, null::timestamptz, null::text, null::int, null::text, null::int, null::int;
end
$$;
comment on function taskhub.explain(text, text) is
    'Why an instance is not running at this moment, one row a reason, each with a sentence.';
