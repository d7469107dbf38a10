-- taskhub.terminate_instance(instance_id, reason, recurse, hub)
--
-- Asks the engine to end a live instance as Terminated, ahead of all else that waits for it. Its activities that
-- already run finish, and their results are dropped. reason is free text and becomes the output. recurse: its
-- sub-orchestrations that still run, and theirs, are terminated too.
-- Errors: TH001 the hub has no such instance; TH002 the instance has finished; TH006 bad id or hub.
-- Tables: reads hubs, instances; writes inbox, audit. Holds no lock that an owner waits for.
drop function if exists taskhub.terminate_instance(text, text, text);
create or replace function taskhub.terminate_instance(
    p_instance_id text, p_reason text default null, p_recurse boolean default false, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform taskhub.put_message(5, p_instance_id, null, p_reason, p_hub,
                                case when p_recurse then '{"recurse":true}' end);
    perform taskhub.note_act(taskhub.resolve_hub(p_hub), 'terminate_instance', p_instance_id,
                             jsonb_build_object('reason', p_reason, 'recurse', nullif(p_recurse, false)));
end
$$;
comment on function taskhub.terminate_instance(text, text, boolean, text) is 'Asks for a live instance to be ended as Terminated.';
