-- taskhub.lock_hub(hub)
--
-- Inner. As taskhub.resolve_hub, and keeps others from changing that hub until the caller's transaction ends.
-- Errors: TH006 no such hub. Tables: locks a row of hubs.
create or replace function taskhub.lock_hub(p_hub text)
returns taskhub.hubs language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
begin
    select * into v_hub from taskhub.hubs where hub_id = v_hub.hub_id for update;
    if not found then
        raise exception 'hub: it was dropped meanwhile' using errcode = 'TH006';
    end if;
    return v_hub;
end
$$;
comment on function taskhub.lock_hub(text) is 'Inner: the row of a hub, locked against changes.';
