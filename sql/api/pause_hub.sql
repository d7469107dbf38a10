-- taskhub.pause_hub(reason, hub)
--
-- Lets no new episode and no new activity begin in a hub, in whichever process, within a second or two, until
-- taskhub.resume_hub: restarts don't change that. What runs may end, and its results are kept; starts, events and the like
-- are still accepted and kept. Schedules rest, and treat the times as missed. reason is free text for people.
-- Returns since when it is paused. One that is paused is left as it is.
-- Errors: TH006 no such hub, reason longer than 1,000 characters. Tables: locks and writes hubs; writes audit.
create or replace function taskhub.pause_hub(p_reason text default null, p_hub text default null)
returns timestamptz language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs;
begin
    if length(p_reason) > 1000 then
        raise exception 'reason: must not be longer than 1,000 characters' using errcode = 'TH006';
    end if;
    v_hub := taskhub.lock_hub(p_hub);
    if v_hub.paused_at is not null then
        return v_hub.paused_at;
    end if;
    update taskhub.hubs
    set paused_at = taskhub.now(), paused_by = session_user, pause_reason = p_reason, resumed_at = null
    where hub_id = v_hub.hub_id
    returning * into v_hub;
    perform taskhub.note_act(v_hub, 'pause_hub', null, jsonb_build_object('reason', p_reason));
    return v_hub.paused_at;
end
$$;
comment on function taskhub.pause_hub(text, text) is
    'Lets no new episode or activity begin in a hub, until it is resumed; returns since when.';
