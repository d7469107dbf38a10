-- taskhub.terminate_instance(instance_id, reason, hub)
--
-- Asks the engine to end a live instance as Terminated, ahead of all else that waits for it. Its activities that
-- already run finish, and their results are dropped. reason is free text and becomes the output.
-- Errors: TH001 the hub has no such instance; TH002 the instance has finished; TH006 bad id or hub.
-- Tables: reads hubs, instances; writes inbox. Holds no lock that an owner waits for.
create or replace function taskhub.terminate_instance(p_instance_id text, p_reason text default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform taskhub.put_message(5, p_instance_id, null, p_reason, p_hub);
end
$$;
comment on function taskhub.terminate_instance(text, text, text) is 'Asks for a live instance to be ended as Terminated.';
