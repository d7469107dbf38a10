-- taskhub.create_schedule(name, expression, orchestrator, input, time_zone, overlap, missed, missed_limit, enabled,
--                         replace, hub)
--
-- Makes a schedule: at each time at which the cron expression is due in the time zone, one instance of the orchestrator
-- starts, with the id <name>:<due time>. Returns when it is due next, null if it is not enabled.
-- overlap, while the last instance lives: allow, skip (that time), replace (terminates it, with its sub-orchestrations).
-- missed, of times when no process was there: skip, once (the last of them), all (the first missed_limit of them).
-- replace: one of that name is changed; it keeps what it has run, whether it is enabled (enabled null), and, if
-- expression and time zone are as before, what it is to run next. Without replace: it is refused.
-- Errors: TH003 a schedule has that name; TH006 bad argument.
-- Tables: reads hubs; writes schedules. Waits only for a transaction that changes the same schedule.
create or replace function taskhub.create_schedule(
    p_name text, p_expression text, p_orchestrator text, p_input text default null, p_time_zone text default 'UTC',
    p_overlap text default 'allow', p_missed text default 'skip', p_missed_limit int default 100,
    p_enabled boolean default null, p_replace boolean default false, p_hub text default null)
returns timestamptz language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs;
    v_zone text;
    v_old taskhub.schedules;
    v_enabled boolean;
    v_next timestamptz;
begin
    perform taskhub.check_schedule_name(p_name);
    perform taskhub.check_name('orchestrator', p_orchestrator);
    perform taskhub.check_json('input', p_input);
    if p_overlap is null or p_overlap not in ('allow', 'skip', 'replace') then
        raise exception 'overlap: must be allow, skip or replace' using errcode = 'TH006';
    end if;
    if p_missed is null or p_missed not in ('skip', 'once', 'all') then
        raise exception 'missed: must be skip, once or all' using errcode = 'TH006';
    end if;
    if p_missed_limit is null or p_missed_limit not between 1 and 1000 then
        raise exception 'missed_limit: must be between 1 and 1000' using errcode = 'TH006';
    end if;
    v_zone := taskhub.check_time_zone(p_time_zone);
    v_hub := taskhub.resolve_hub(p_hub);

    select * into v_old from taskhub.schedules where hub_id = v_hub.hub_id and name = p_name for update;
    v_next := taskhub.cron_next(p_expression, v_zone, greatest(taskhub.now(), v_old.last_at));
    if v_next is null then
        raise exception 'expression: is never due' using errcode = 'TH006';
    end if;
    v_enabled := coalesce(p_enabled, v_old.enabled, true);
    if not v_enabled then
        v_next := null;
    elsif v_old.expression = p_expression and v_old.time_zone = v_zone then
        v_next := coalesce(v_old.next_at, v_next);
    end if;

    insert into taskhub.schedules
        (hub_id, name, expression, time_zone, orchestrator, input, overlap, missed, missed_limit, enabled, next_at,
         created_at, updated_at)
    values (v_hub.hub_id, p_name, p_expression, v_zone, p_orchestrator, p_input, p_overlap, p_missed, p_missed_limit,
            v_enabled, v_next, taskhub.now(), taskhub.now())
    on conflict (hub_id, name) do update
    set expression = excluded.expression, time_zone = excluded.time_zone, orchestrator = excluded.orchestrator,
        input = excluded.input, overlap = excluded.overlap, missed = excluded.missed,
        missed_limit = excluded.missed_limit, enabled = excluded.enabled, next_at = excluded.next_at, problem = null,
        retry_at = null, updated_at = excluded.updated_at
    where p_replace;
    if not found then
        raise exception 'hub "%" already has a schedule "%"', v_hub.name, p_name using errcode = 'TH003';
    end if;
    perform taskhub.notify_schedules(v_hub.hub_id);
    return v_next;
end
$$;
comment on function taskhub.create_schedule(text, text, text, text, text, text, text, int, boolean, boolean, text) is
    'Makes a schedule, which starts an instance of an orchestrator at each time at which a cron expression is due.';
