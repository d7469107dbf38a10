-- taskhub.put_message(kind, instance_id, name, payload, hub, body, message_id)
--
-- Inner. Queues a message of a client in the inbox of a live instance, bound to that start of it.
-- Suspending what is suspended, or resuming what is not, changes nothing and is no error: judged by the status and
-- the latest of the suspends and resumes that are still queued (events, 8).
-- An event for an id that no instance has is kept, where the hub's setting early_events says so: bound to no start, and
-- marked, so that the owner holds it until an instance starts.
-- Errors: TH001 the hub has no such instance; TH002 the instance has finished; TH006 bad id or hub.
-- Tables: reads hubs, instances, for kinds 21 and 22 inbox; writes inbox. Locks nothing.
drop function if exists taskhub.put_message(int, text, text, text, text);
drop function if exists taskhub.put_message(int, text, text, text, text, text);
create or replace function taskhub.put_message(p_kind int, p_instance_id text, p_name text, p_payload text, p_hub text,
                                               p_body text default null, p_message_id text default null)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_event constant int := 17;
    c_suspend constant int := 21;
    c_resume constant int := 22;
    v_partition int := taskhub.partition_of(p_instance_id, p_hub);
    v_status int;
    v_start_id uuid;
    v_latest int;
    v_hub taskhub.hubs;
begin
    select status, start_id into v_status, v_start_id
    from taskhub.instances where partition_id = v_partition and instance_id = p_instance_id and not is_entity;
    if not found then
        v_hub := taskhub.resolve_hub(p_hub);
        if p_kind = c_event and taskhub.early_seconds(v_hub.settings) > 0 then
            perform taskhub.check_instance_id(p_instance_id);
            insert into taskhub.inbox (partition_id, instance_id, kind, name, message_id, payload, body)
            values (v_partition, p_instance_id, p_kind, p_name, coalesce(p_message_id, gen_random_uuid()::text), p_payload,
                    '{"early":true}');
            perform taskhub.notify_partitions(v_partition);
            return;
        end if;
        raise exception 'hub "%" has no instance "%"', v_hub.name, p_instance_id using errcode = 'TH001';
    end if;

    if p_kind in (c_suspend, c_resume) and not taskhub.is_finished(v_status) then
        select kind into v_latest from (
            select kind, message_no from taskhub.inbox
            where partition_id = v_partition and due = '-infinity' and instance_id = p_instance_id
              and start_id = v_start_id and kind in (c_suspend, c_resume)
            union all
            select kind, message_no from taskhub.inbox
            where partition_id = v_partition and due = 'infinity' and instance_id = p_instance_id
              and start_id = v_start_id and kind in (c_suspend, c_resume)) queued
        order by message_no desc limit 1;
        if coalesce(v_latest, case v_status when 7 then c_suspend else c_resume end) = p_kind then
            return;
        end if;
    end if;

    insert into taskhub.inbox (partition_id, instance_id, start_id, kind, name, message_id, payload, body)
    select partition_id, instance_id, start_id, p_kind, p_name, coalesce(p_message_id, gen_random_uuid()::text),
           p_payload, p_body
    from taskhub.instances
    where partition_id = v_partition and instance_id = p_instance_id and not taskhub.is_finished(status);
    if not found then
        raise exception 'instance "%" of hub "%" has finished', p_instance_id, (taskhub.resolve_hub(p_hub)).name
            using errcode = 'TH002';
    end if;
    perform taskhub.notify_partitions(v_partition);
end
$$;
comment on function taskhub.put_message(int, text, text, text, text, text, text) is
    'Inner: queues a client''s message in the inbox of a live instance.';
