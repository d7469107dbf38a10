-- taskhub.fail_item(instance_id, seq, reason, hub)
--
-- Ends an activity of a live instance as failed, for good: one that is parked, queued, or that a worker has, whose own result
-- is then dropped. seq is the number of the event that scheduled it (activities_view.seq). The orchestrator gets a failure
-- of the type FailedByHand with reason as its message; retry policies don't try it again.
-- For operators: it locks the activity's row, so its transaction should end at once.
-- Errors: TH001 no such instance or activity; TH004 another transaction has it, as that of a SQL activity that runs; TH006 seq is null, reason longer than 1,000 characters, bad id or hub.
-- Tables: reads hubs, instances; deletes from activities; writes inbox, audit.
create or replace function taskhub.fail_item(p_instance_id text, p_seq int, p_reason text default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_task_failed constant int := 8;
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_item taskhub.activities;
begin
    if length(p_reason) > 1000 then
        raise exception 'reason: must not be longer than 1,000 characters' using errcode = 'TH006';
    end if;
    v_item := taskhub.find_item(p_instance_id, p_seq, v_hub);
    delete from taskhub.activities where partition_id = v_item.partition_id and id = v_item.id;
    insert into taskhub.inbox (partition_id, instance_id, start_id, execution_id, kind, ref, body)
    values (v_item.partition_id, v_item.instance_id, v_item.start_id, v_item.execution_id, c_task_failed, v_item.seq,
            json_build_object('failure', json_build_object(
                'type', 'FailedByHand', 'message', coalesce(nullif(p_reason, ''), 'an operator ended it'),
                'nonRetriable', true))::text);
    perform taskhub.note_act(v_hub, 'fail_item', p_instance_id, jsonb_build_object(
        'seq', p_seq, 'name', v_item.name, 'reason', p_reason, 'crashes', v_item.crashes, 'worker', v_item.claimed_by));
    perform taskhub.notify_partitions(v_item.partition_id);
end
$$;
comment on function taskhub.fail_item(text, int, text, text) is
    'Ends an activity of a live instance as failed, whoever has it.';
