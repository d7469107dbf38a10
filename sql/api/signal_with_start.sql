-- taskhub.signal_with_start(name, instance_id, event_name, payload, input, version, tags, hub, message_id)
--
-- Sends an external event to the instance of that id; where none lives, it starts one of the orchestrator first, with
-- input, version and tags, as taskhub.start_instance does: a finished one is replaced. Returns whether it was started. All
-- in the caller's transaction. message_id makes a repeat of the event recognisable: an execution takes it once.
-- Errors: TH006 bad name, id, event name, payload, input, tags or hub.
-- Tables: reads hubs, instances; writes instances, inbox. Waits only for a transaction that starts the same id.
create or replace function taskhub.signal_with_start(
    p_name text, p_instance_id text, p_event_name text, p_payload text default null, p_input text default null,
    p_version text default null, p_tags text default null, p_hub text default null, p_message_id text default null)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_partition int := taskhub.partition_of(p_instance_id, p_hub);
    v_started boolean := false;
begin
    perform taskhub.check_name('name', p_name);
    perform taskhub.check_instance_id(p_instance_id);
    perform taskhub.check_name('event_name', p_event_name);
    perform taskhub.check_json('payload', p_payload);
    perform taskhub.check_json('input', p_input);
    perform taskhub.check_tags(p_tags);
    loop
        if not exists (select from taskhub.instances
                       where partition_id = v_partition and instance_id = p_instance_id
                         and not taskhub.is_finished(status)) then
            begin
                perform taskhub.start_instance(p_name, p_input, p_instance_id, p_version, p_tags, null, p_hub);
                v_started := true;
            exception when sqlstate 'TH003' then
                null; -- somebody else was first
            end;
        end if;
        begin
            perform taskhub.put_message(17, p_instance_id, p_event_name, p_payload, p_hub, null, p_message_id);
            return v_started;
        exception when sqlstate 'TH001' or sqlstate 'TH002' then
            null; -- it has just finished: the next round replaces it
        end;
    end loop;
end
$$;
comment on function taskhub.signal_with_start(text, text, text, text, text, text, text, text, text) is
    'Sends an external event to an instance, and starts it first if it does not live; returns whether it did.';
