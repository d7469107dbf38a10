-- taskhub.resume_instance(instance_id, reason, hub)
--
-- Asks the engine to resume a suspended instance. No error and no effect if it is not suspended, or about to be
-- resumed. reason is free text.
-- Errors: TH001 the hub has no such instance; TH002 the instance has finished; TH006 bad id or hub.
-- Tables: reads hubs, instances, inbox; writes inbox, audit. Holds no lock that an owner waits for.
create or replace function taskhub.resume_instance(p_instance_id text, p_reason text default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform taskhub.put_message(22, p_instance_id, null, p_reason, p_hub);
    perform taskhub.note_act(taskhub.resolve_hub(p_hub), 'resume_instance', p_instance_id,
                             jsonb_build_object('reason', p_reason));
end
$$;
comment on function taskhub.resume_instance(text, text, text) is 'Asks for a suspended instance to be resumed.';
