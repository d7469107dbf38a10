-- taskhub.drop_schedule(name, hub)
--
-- Deletes a schedule. What it has started goes on.
-- Errors: TH001 the hub has no such schedule; TH006 no such hub. Tables: reads hubs; deletes from schedules.
create or replace function taskhub.drop_schedule(p_name text, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
begin
    delete from taskhub.schedules where hub_id = v_hub.hub_id and name = p_name;
    if not found then
        raise exception 'hub "%" has no schedule "%"', v_hub.name, p_name using errcode = 'TH001';
    end if;
end
$$;
comment on function taskhub.drop_schedule(text, text) is 'Deletes a schedule; what it has started goes on.';
