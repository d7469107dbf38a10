-- taskhub.raise_event(instance_id, event_name, payload, hub)
--
-- Queues an external event in the instance's inbox; dropped if the instance finishes first. payload is JSON text
-- and kept byte for byte; null: the event has none.
-- Where the hub's setting early_events says so, an event for an instance that does not exist yet waits for it.
-- Errors: TH001 the hub has no such instance; TH002 the instance has finished; TH006 bad name, payload, id or hub.
-- Tables: reads hubs, instances; writes inbox. Holds no lock that an owner waits for.
create or replace function taskhub.raise_event(
    p_instance_id text, p_event_name text, p_payload text default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform taskhub.check_name('event_name', p_event_name);
    perform taskhub.check_json('payload', p_payload);
    perform taskhub.put_message(17, p_instance_id, p_event_name, p_payload, p_hub);
end
$$;
comment on function taskhub.raise_event(text, text, text, text) is
    'Queues an external event for a live instance.';
