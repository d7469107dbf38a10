-- taskhub.notify_activities(hub_id)
--
-- Inner. Tells a hub's processes, when the caller's transaction commits, that the queue has an activity: only if the
-- setting taskhub.notify is on, as with taskhub.notify_partitions. They look every few seconds anyway.
-- Errors: none. Tables: none.
create or replace function taskhub.notify_activities(p_hub_id int)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if lower(current_setting('taskhub.notify', true)) in ('on', 'true', '1') then
        perform pg_notify('taskhub_a' || p_hub_id, '');
    end if;
end
$$;
comment on function taskhub.notify_activities(int) is
    'Inner: tells a hub''s processes at commit that an activity waits, if the setting taskhub.notify is on.';
