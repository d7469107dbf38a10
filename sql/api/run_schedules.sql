-- taskhub.run_schedules(hub)
--
-- Starts what is due of a hub's schedules: each due time exactly one instance, however many processes call this, since a
-- schedule that another is at is left to that one, and next_at moves in the same transaction. Processes call it; so may
-- a person. One that fails (what failed is in its problem) is tried again a few seconds later and stops no other.
-- handled: how many schedules were due, at most 100 a call; started: ids of instances; partitions: those that have
-- something new; problems: one text a schedule that failed; next_at: when to call again, null if there is no schedule.
-- Errors: TH006 no such hub. Tables: reads hubs; locks and writes schedules; reads and writes instances, inbox. Waits for
-- nobody for longer than 200 ms.
create or replace function taskhub.run_schedules(
    p_hub text default null, out handled int, out started text[], out partitions int[], out problems text[],
    out next_at timestamptz)
language plpgsql set search_path = pg_catalog, pg_temp set lock_timeout = '200ms' as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_told text[] := '{}';
    v_schedule taskhub.schedules;
    v_run record;
begin
    handled := 0;
    started := '{}';
    problems := '{}';
    for v_schedule in
        select * from taskhub.schedules s
        where s.hub_id = v_hub.hub_id and s.next_at <= taskhub.now()
          and (s.retry_at is null or s.retry_at <= taskhub.now())
        order by s.next_at limit 100 for update skip locked
    loop
        handled := handled + 1;
        begin
            v_run := taskhub.run_schedule(v_hub, v_schedule);
            started := started || v_run.started;
            v_told := v_told || v_run.told;
        exception when others then
            problems := problems || format('"%s": %s', v_schedule.name, sqlerrm);
            update taskhub.schedules s
            set problem = sqlerrm, retry_at = taskhub.now() + interval '5 seconds'
            where s.hub_id = v_schedule.hub_id and s.name = v_schedule.name;
        end;
    end loop;

    partitions := array(select distinct taskhub.partition_of(id, v_hub.name) from unnest(v_told) id);
    select min(greatest(s.next_at, s.retry_at)) into next_at
    from taskhub.schedules s where s.hub_id = v_hub.hub_id and s.next_at is not null;
end
$$;
comment on function taskhub.run_schedules(text) is
    'Starts what is due of a hub''s schedules, each due time exactly one instance; returns when the next one is due.';
