-- taskhub.notify_names(hub_id)
--
-- Inner. Tells the processes of that hub, when the caller's transaction commits, that the names of SQL activities have
-- changed: only if the setting taskhub.notify is on, as with taskhub.notify_partitions. They look every second anyway.
-- Errors: none. Tables: none.
create or replace function taskhub.notify_names(p_hub_id int)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if lower(current_setting('taskhub.notify', true)) in ('on', 'true', '1') then
        perform pg_notify('taskhub_n' || p_hub_id, '');
    end if;
end
$$;
comment on function taskhub.notify_names(int) is
    'Inner: tells a hub''s processes at commit that names of SQL activities have changed, if the setting taskhub.notify is on.';
