-- taskhub.suspend_instance(instance_id, reason, hub)
--
-- Asks the engine to suspend a live instance: messages wait until it is resumed. No error and no effect if it is
-- suspended already, or about to be. reason is free text.
-- Errors: TH001 the hub has no such instance; TH002 the instance has finished; TH006 bad id or hub.
-- Tables: reads hubs, instances, inbox; writes inbox, audit. Holds no lock that an owner waits for.
create or replace function taskhub.suspend_instance(p_instance_id text, p_reason text default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform taskhub.put_message(21, p_instance_id, null, p_reason, p_hub);
    perform taskhub.note_act(taskhub.resolve_hub(p_hub), 'suspend_instance', p_instance_id,
                             jsonb_build_object('reason', p_reason));
end
$$;
comment on function taskhub.suspend_instance(text, text, text) is 'Asks for a live instance to be suspended.';
