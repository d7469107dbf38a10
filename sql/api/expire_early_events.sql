-- taskhub.expire_early_events(hub)
--
-- Inner. Deletes the events of a hub that have been kept for an instance for longer than its setting early_events says, and
-- for which none has started. Returns how many. What somebody else has locked is left for the next time.
-- Errors: TH006 bad hub. Tables: reads hubs, instances; writes inbox.
create or replace function taskhub.expire_early_events(p_hub text default null)
returns bigint language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_before timestamptz := clock_timestamp() - make_interval(secs => taskhub.early_seconds(v_hub.settings));
    v_partition int;
    v_count bigint;
    v_sum bigint := 0;
begin
    for v_partition in v_hub.first_partition .. v_hub.first_partition + v_hub.partition_count - 1 loop
        delete from taskhub.inbox m
        using (select due, message_no from taskhub.inbox e
               where e.partition_id = v_partition and e.due = 'infinity' and e.kind = 17 and e.start_id is null
                 and e.sent_at < v_before
                 and not exists (select from taskhub.instances i
                                 where i.partition_id = e.partition_id and i.instance_id = e.instance_id
                                   and not taskhub.is_finished(i.status))
               order by e.message_no limit 10000
               for update skip locked) old
        where m.partition_id = v_partition and m.due = old.due and m.message_no = old.message_no;
        get diagnostics v_count = row_count;
        v_sum := v_sum + v_count;
    end loop;
    return v_sum;
end
$$;
comment on function taskhub.expire_early_events(text) is
    'Inner: deletes events that have waited too long for an instance that never started.';
