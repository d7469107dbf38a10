-- taskhub.signal_entity(entity_name, entity_key, operation, input, hub, scheduled_time, message_id)
--
-- Sends an operation to an entity, in the caller's transaction; nobody gets its result. The entity need not exist. What one
-- sender commits runs in the order in which it was sent; with scheduled_time, not before that. input is JSON text and
-- kept byte for byte; null: the operation has none.
-- message_id makes a repeat recognisable: a live entity takes it once (protocol I4).
-- Errors: TH006 bad name, key, operation, input, hub or time.
-- Tables: reads hubs; writes inbox. Holds no lock that an owner waits for.
drop function if exists taskhub.signal_entity(text, text, text, text, text, timestamptz);
create or replace function taskhub.signal_entity(
    p_entity_name text, p_entity_key text, p_operation text, p_input text default null, p_hub text default null,
    p_scheduled_time timestamptz default null, p_message_id text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_signal constant int := 23;
    v_id text := taskhub.entity_id(p_entity_name, p_entity_key);
    v_partition int := taskhub.partition_of(v_id, p_hub);
    v_request text := coalesce(p_message_id, gen_random_uuid()::text);
begin
    if p_operation is null then
        raise exception 'operation: must not be null' using errcode = 'TH006';
    end if;
    if char_length(p_operation) > 256 then
        raise exception 'operation: must not be longer than 256 characters' using errcode = 'TH006';
    end if;
    perform taskhub.check_json('input', p_input);
    if not isfinite(p_scheduled_time) then
        raise exception 'scheduled_time: must not be infinite' using errcode = 'TH006';
    end if;

    insert into taskhub.inbox (partition_id, due, instance_id, kind, name, message_id, payload, body)
    values (v_partition, case when p_scheduled_time > taskhub.now() then p_scheduled_time else '-infinity' end, v_id,
            c_signal, p_operation, v_request, p_input, json_build_object('requestId', v_request)::text);
    perform taskhub.notify_partitions(v_partition);
end
$$;
comment on function taskhub.signal_entity(text, text, text, text, text, timestamptz, text) is
    'Sends an operation to an entity; nobody gets its result.';
