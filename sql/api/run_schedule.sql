-- taskhub.run_schedule(hub, schedule)
--
-- Inner. Does what is due of a schedule, whose row the caller has locked, and writes when it is due next. A time counts as
-- missed when nobody came for it within two minutes. told are the instances that have something in their inbox now.
-- Errors: as taskhub.start_instance, taskhub.cron_next. Tables: reads and writes instances, inbox; writes schedules.
create or replace function taskhub.run_schedule(
    p_hub taskhub.hubs, p_schedule taskhub.schedules, out started text[], out told text[])
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_late constant interval := '2 minutes';
    v_now timestamptz := taskhub.now();
    v_late timestamptz := v_now - c_late;
    v_left int := case p_schedule.missed when 'skip' then 0 when 'once' then 1 else p_schedule.missed_limit end;
    v_due timestamptz := p_schedule.next_at;
    v_last_at timestamptz := p_schedule.last_at;
    v_last_id text := p_schedule.last_instance_id;
    v_one record;
begin
    started := '{}';
    told := '{}';
    while v_due <= v_now loop
        if v_due <= v_late and v_left = 0 then
            v_due := taskhub.cron_next(p_schedule.expression, p_schedule.time_zone, v_late);
            continue;
        elsif v_due <= v_late then
            if p_schedule.missed = 'once' then
                v_due := taskhub.cron_last(p_schedule.expression, p_schedule.time_zone, v_due, v_late);
            end if;
            v_left := v_left - 1;
        end if;

        v_one := taskhub.start_scheduled(p_hub, p_schedule, v_due, v_last_id);
        if v_one.is_new then
            started := started || v_one.instance_id;
            told := told || array_remove(array[v_one.instance_id, v_one.replaced], null);
        end if;
        if v_one.instance_id is not null then
            v_last_id := v_one.instance_id;
            v_last_at := v_due;
        end if;
        v_due := taskhub.cron_next(p_schedule.expression, p_schedule.time_zone, v_due);
    end loop;

    update taskhub.schedules
    set next_at = v_due, last_at = v_last_at, last_instance_id = v_last_id, problem = null, retry_at = null
    where hub_id = p_schedule.hub_id and name = p_schedule.name;
end
$$;
comment on function taskhub.run_schedule(taskhub.hubs, taskhub.schedules) is
    'Inner: does what is due of one schedule and writes when it is due next.';
