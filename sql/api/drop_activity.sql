-- taskhub.drop_activity(name, hub)
--
-- Unbinds an activity's name. A call that runs ends as it would have; those that wait stay in the queue, until the name is bound
-- again or an app has an activity of that name.
-- Errors: TH001 the hub has no such SQL activity; TH006 no such hub. Tables: reads hubs; deletes from sql_activities.
create or replace function taskhub.drop_activity(p_name text, p_hub text default null)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
begin
    delete from taskhub.sql_activities where hub_id = v_hub.hub_id and name_key = lower(p_name collate "C");
    if not found then
        raise exception 'hub "%" has no SQL activity "%"', v_hub.name, p_name using errcode = 'TH001';
    end if;
    perform taskhub.notify_names(v_hub.hub_id);
end
$$;
comment on function taskhub.drop_activity(text, text) is
    'Unbinds an activity''s name from its function; calls that wait stay in the queue.';
