-- taskhub.start_scheduled(hub, schedule, due, last_id)
--
-- Inner. Starts the instance of one due time of a schedule. Its id tells both, so where there ever was one of that id, it
-- was started before. last_id, the instance before it, may stand in the way: overlap says what then. instance_id is null
-- if this time is skipped; is_new: it was started now; replaced: the instance that is asked to end, null if none is.
-- The input is the schedule's; that of a timer trigger's instance (TimerTrigger::...) is what the function is told of its
-- schedule: when it ran last (year 1: never), and when it will run next.
-- Errors: as taskhub.start_instance. Tables: reads instances; writes instances, inbox.
create or replace function taskhub.start_scheduled(
    p_hub taskhub.hubs, p_schedule taskhub.schedules, p_due timestamptz, p_last_id text,
    out instance_id text, out is_new boolean, out replaced text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    c_iso constant text := 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"';
    v_id text := p_schedule.name || to_char(p_due at time zone 'UTC', '":"YYYY-MM-DD"T"HH24:MI:SS"Z"');
    v_partition int := taskhub.partition_of(v_id, p_hub.name);
    v_input text := p_schedule.input;
    v_last text := to_char(coalesce(p_schedule.last_at at time zone 'UTC', '0001-01-01'), c_iso);
begin
    is_new := false;
    if exists (select from taskhub.instances i where i.partition_id = v_partition and i.instance_id = v_id) then
        instance_id := v_id;
        return;
    end if;
    if p_schedule.overlap <> 'allow' and p_last_id is not null then
        v_partition := taskhub.partition_of(p_last_id, p_hub.name);
        if exists (select from taskhub.instances i where i.partition_id = v_partition and i.instance_id = p_last_id
                                                     and not taskhub.is_finished(i.status)) then
            if p_schedule.overlap = 'skip' then
                return;
            end if;
            begin
                perform taskhub.put_message(5, p_last_id, null, 'replaced by ' || v_id, p_hub.name, '{"recurse":true}');
                replaced := p_last_id;
            exception when sqlstate 'TH001' or sqlstate 'TH002' then
                null; -- it has just finished
            end;
        end if;
    end if;
    if p_schedule.orchestrator like 'TimerTrigger::%' then
        v_input := json_build_object('Last', v_last, 'LastUpdated', v_last, 'Next', to_char(taskhub.cron_next(
            p_schedule.expression, p_schedule.time_zone, p_due) at time zone 'UTC', c_iso))::text;
    end if;
    instance_id := taskhub.start_instance(p_schedule.orchestrator, v_input, v_id, p_hub => p_hub.name);
    is_new := true;
end
$$;
comment on function taskhub.start_scheduled(taskhub.hubs, taskhub.schedules, timestamptz, text) is
    'Inner: starts the instance of one due time of a schedule, as its overlap policy says.';
