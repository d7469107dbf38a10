-- taskhub.resume_hub(hub)
--
-- Lets a paused hub go on, within a second or two. Returns whether it was paused.
-- Errors: TH006 no such hub. Tables: locks and writes hubs; writes audit.
create or replace function taskhub.resume_hub(p_hub text default null)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.lock_hub(p_hub);
begin
    if v_hub.paused_at is null then
        return false;
    end if;
    update taskhub.hubs
    set paused_at = null, paused_by = null, pause_reason = null, resumed_at = taskhub.now()
    where hub_id = v_hub.hub_id;
    perform taskhub.note_act(v_hub, 'resume_hub', null,
                             jsonb_build_object('pausedAt', v_hub.paused_at, 'pausedBy', v_hub.paused_by));
    return true;
end
$$;
comment on function taskhub.resume_hub(text) is 'Lets a paused hub go on; returns whether it was paused.';
