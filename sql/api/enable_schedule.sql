-- taskhub.enable_schedule(name, enabled, hub)
--
-- Lets a schedule run again, from now on, or (enabled false) halts it. Times while it was halted do not count as missed.
-- Returns when it is due next, null if it is not enabled. One that is so already is left as it is.
-- Errors: TH001 the hub has no such schedule; TH006 enabled is null, no such hub.
-- Tables: reads hubs; writes schedules. Waits only for a transaction that changes the same schedule.
create or replace function taskhub.enable_schedule(p_name text, p_enabled boolean default true, p_hub text default null)
returns timestamptz language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_old taskhub.schedules;
    v_next timestamptz;
begin
    if p_enabled is null then
        raise exception 'enabled: must not be null' using errcode = 'TH006';
    end if;
    select * into v_old from taskhub.schedules where hub_id = v_hub.hub_id and name = p_name for update;
    if not found then
        raise exception 'hub "%" has no schedule "%"', v_hub.name, p_name using errcode = 'TH001';
    end if;
    if v_old.enabled = p_enabled then
        return v_old.next_at;
    end if;

    if p_enabled then
        v_next := taskhub.cron_next(v_old.expression, v_old.time_zone, greatest(taskhub.now(), v_old.last_at));
    end if;
    update taskhub.schedules
    set enabled = p_enabled, next_at = v_next, problem = null, retry_at = null, updated_at = taskhub.now()
    where hub_id = v_hub.hub_id and name = p_name;
    perform taskhub.note_act(v_hub, 'enable_schedule', null, jsonb_build_object('name', p_name, 'enabled', p_enabled));
    perform taskhub.notify_schedules(v_hub.hub_id);
    return v_next;
end
$$;
comment on function taskhub.enable_schedule(text, boolean, text) is
    'Lets a schedule run again, from now on, or halts it; returns when it is due next.';
