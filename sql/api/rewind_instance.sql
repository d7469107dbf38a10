-- taskhub.rewind_instance(instance_id, reason, hub)
--
-- Lets a failed instance run on from where it failed: it is Pending again, without output and failure, and the engine takes
-- what failed out of its history, as a new execution; its failed sub-orchestrations are rewound with it. The earlier
-- execution's history stays. reason is free text and is kept in the history.
-- Errors: TH001 the hub has no such instance; TH005 it has not failed; TH006 bad id or hub.
-- Tables: reads hubs; updates instances (a finished row is nobody's); writes inbox. Waits for a transaction that changes the
-- same finished instance.
create or replace function taskhub.rewind_instance(p_instance_id text, p_reason text default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_failed constant int := 3;
    v_partition int := taskhub.partition_of(p_instance_id, p_hub);
    v_status int;
begin
    select status into v_status
    from taskhub.instances where partition_id = v_partition and instance_id = p_instance_id;
    if not found then
        raise exception 'hub "%" has no instance "%"', (taskhub.resolve_hub(p_hub)).name, p_instance_id
            using errcode = 'TH001';
    end if;

    if v_status = c_failed then
        with rewound as (
            update taskhub.instances
            set status = 6, output = null, failure = null, completed_at = null, updated_at = taskhub.now()
            where partition_id = v_partition and instance_id = p_instance_id and status = c_failed
            returning partition_id, instance_id, start_id
        )
        insert into taskhub.inbox (partition_id, instance_id, start_id, kind, message_id, payload)
        select partition_id, instance_id, start_id, 30, gen_random_uuid()::text, p_reason from rewound;
        if found then
            perform taskhub.note_act(taskhub.resolve_hub(p_hub), 'rewind_instance', p_instance_id,
                                     jsonb_build_object('reason', p_reason));
            perform taskhub.notify_partitions(v_partition);
            return;
        end if;
    end if;
    raise exception 'instance "%" of hub "%" has not failed', p_instance_id, (taskhub.resolve_hub(p_hub)).name
        using errcode = 'TH005';
end
$$;
comment on function taskhub.rewind_instance(text, text, text) is
    'Lets a failed instance run on from where it failed, as a new execution.';
