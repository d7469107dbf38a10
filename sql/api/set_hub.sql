-- taskhub.set_hub(setting, value, hub)
--
-- Changes a setting of a hub, for all its processes, within seconds; value null: the default again. Settings:
--   poison   what becomes of an activity whose worker died five times while it ran: fail (the default), or park, until
--            somebody lets it run again or fail (taskhub.retry_item, taskhub.fail_item)
--   keep_completed, keep_failed, keep_terminated, keep_canceled
--            how long an instance that has ended so is kept, an interval like 30 days; by default for ever. The engine
--            deletes those that are older, with their finished sub-orchestrations (taskhub.purges_view)
--   keep_audit  the same for rows of taskhub.audit
--   early_events   how long an event for an instance that does not exist yet is kept for it: an interval of 1 second to
--                  3650 days; off: such an event is refused, and what is kept goes (the default)
--   keep_history   on: the history of an execution stays when its instance continues as new; off: it goes (the default)
-- Errors: TH006 no such setting or hub, a value that it can't have. Tables: locks and writes hubs; writes audit.
create or replace function taskhub.set_hub(p_setting text, p_value text, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs;
begin
    perform taskhub.check_setting(p_setting, p_value);
    if p_setting = 'early_events' then -- off and not absent: what was kept must go
        p_value := coalesce(p_value, 'off');
    end if;
    v_hub := taskhub.lock_hub(p_hub);
    if v_hub.settings ->> p_setting is not distinct from p_value then
        return;
    end if;
    update taskhub.hubs
    set settings = case when p_value is null then settings - p_setting
                        else jsonb_set(settings, array[p_setting], to_jsonb(p_value)) end
    where hub_id = v_hub.hub_id;
    perform taskhub.note_act(v_hub, 'set_hub', null, jsonb_build_object(
        'setting', p_setting, 'value', p_value, 'before', v_hub.settings ->> p_setting));
end
$$;
comment on function taskhub.set_hub(text, text, text) is 'Changes a setting of a hub; null: the default again.';
