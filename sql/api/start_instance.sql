-- taskhub.start_instance(name, input, instance_id, version, tags, scheduled_start, hub, priority, traceparent, tracestate)
--
-- Starts an instance of the orchestrator of that name and returns its id. The row is there, Pending, once the caller's
-- transaction commits; it runs then, or at scheduled_start. An id whose instance has finished is taken again and
-- that instance replaced; a live one is refused by a plain read, which locks nothing (protocol F1).
-- priority, from -100 to 100, is that of its activities which have none of their own: higher ones go first.
-- traceparent and tracestate are those of W3C Trace Context: what begins the instance, of which its workers know then.
-- Without instance_id: 32 random hex digits. input is JSON text and kept byte for byte.
-- Errors: TH003 the id is taken by a live instance; TH006 bad name, id, input, tags, time, priority, traceparent, tracestate or hub.
-- Tables: reads hubs, instances; writes instances, inbox. Waits only for a transaction that starts the same id.
drop function if exists taskhub.start_instance(text, text, text, text, text, timestamptz, text);
drop function if exists taskhub.start_instance(text, text, text, text, text, timestamptz, text, int);
create or replace function taskhub.start_instance(
    p_name text, p_input text default null, p_instance_id text default null, p_version text default null,
    p_tags text default null, p_scheduled_start timestamptz default null, p_hub text default null,
    p_priority int default 0, p_traceparent text default null, p_tracestate text default null)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_id text := coalesce(p_instance_id, replace(gen_random_uuid()::text, '-', ''));
    v_trace constant text := taskhub.trace_json(p_traceparent, p_tracestate);
    v_partition int;
begin
    perform taskhub.check_name('name', p_name);
    perform taskhub.check_instance_id(v_id);
    perform taskhub.check_json('input', p_input);
    perform taskhub.check_tags(p_tags);
    if char_length(p_version) > 256 then
        raise exception 'version: must not be longer than 256 characters' using errcode = 'TH006';
    end if;
    if not isfinite(p_scheduled_start) then
        raise exception 'scheduled_start: must not be infinite' using errcode = 'TH006';
    end if;
    if p_priority is null or p_priority not between -100 and 100 then
        raise exception 'priority: must be between -100 and 100' using errcode = 'TH006';
    end if;
    v_partition := taskhub.partition_of(v_id, p_hub);

    if not exists (select from taskhub.instances
                   where partition_id = v_partition and instance_id = v_id and not taskhub.is_finished(status)) then
        -- xmax is set only where the row was there before: then the owner deletes the older history.
        with started as (
            insert into taskhub.instances as i
                (partition_id, instance_id, start_id, execution_id, status, name, version, input, tags,
                 scheduled_start, priority, created_at, updated_at)
            values (v_partition, v_id, gen_random_uuid(), gen_random_uuid(), 6, p_name, p_version, p_input, p_tags,
                    p_scheduled_start, p_priority, taskhub.now(), taskhub.now())
            on conflict (partition_id, instance_id) do update
            set start_id = excluded.start_id, execution_id = excluded.execution_id, status = excluded.status,
                is_entity = false, name = excluded.name, version = excluded.version, input = excluded.input,
                output = null, failure = null, custom_status = null, tags = excluded.tags,
                parent_instance_id = null, parent_execution_id = null, parent_ref = null, executor = null,
                priority = excluded.priority, scheduled_start = excluded.scheduled_start,
                created_at = excluded.created_at, updated_at = excluded.updated_at, completed_at = null,
                state = null, lock_holder = null, last_operation_at = null
            where taskhub.is_finished(i.status)
            returning i.*, i.xmax <> 0 as replaced
        )
        insert into taskhub.inbox (partition_id, due, instance_id, start_id, execution_id, kind, name, body)
        select partition_id, coalesce(scheduled_start, '-infinity'), instance_id, start_id, execution_id, 3, name,
               case when v_trace is null then case when replaced then '{"replaced":true}' end
                    when replaced then '{"replaced":true,"trace":' || v_trace || '}'
                    else '{"trace":' || v_trace || '}' end
        from started;
        if found then
            perform taskhub.notify_partitions(v_partition);
            return v_id;
        end if;
    end if;
    raise exception 'hub "%" already has a live instance "%"', (taskhub.resolve_hub(p_hub)).name, v_id
        using errcode = 'TH003';
end
$$;
comment on function taskhub.start_instance(text, text, text, text, text, timestamptz, text, int, text, text) is
    'Starts an instance of an orchestrator and returns its id; a finished instance of that id is replaced.';
