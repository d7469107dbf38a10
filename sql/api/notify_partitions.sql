-- taskhub.notify_partitions(partitions)
--
-- Inner. Tells the owners of those partitions, when the caller's transaction commits, that there is work: only if the
-- setting taskhub.notify is on (on, true, 1). Off by default: an owner looks every few seconds anyway, and a
-- transaction with NOTIFY commits one at a time in the whole server and can't be prepared (protocol W5).
-- Errors: none. Tables: none.
create or replace function taskhub.notify_partitions(variadic p_partitions int[])
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if lower(current_setting('taskhub.notify', true)) in ('on', 'true', '1') then
        perform pg_notify('taskhub_' || p, '') from unnest(p_partitions) p;
    end if;
end
$$;
comment on function taskhub.notify_partitions(int[]) is
    'Inner: wakes the owners of those partitions at commit, if the setting taskhub.notify is on.';
