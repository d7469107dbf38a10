-- taskhub.retry_item(instance_id, seq, hub)
--
-- Lets an activity of a live instance run again now: one that is parked, that waits for its next try, or that a worker has.
-- seq is the number of the event that scheduled it (activities_view.seq). Its crashes are forgotten. A worker that runs it
-- at the moment is not stopped; the result that comes first while its claim is current counts, the other is dropped.
-- seq null: an instance that was given up as poison (it is Failed) runs on, as by taskhub.rewind_instance.
-- For operators: it locks the activity's row, so its transaction should end at once.
-- Errors: TH001 no such instance or activity; TH004 another transaction has it, as that of a SQL activity that runs; TH005 seq is null, and the instance has not failed; TH006 bad id or hub.
-- Tables: reads hubs, instances; updates activities (without seq: as taskhub.rewind_instance); writes audit.
create or replace function taskhub.retry_item(p_instance_id text, p_seq int default null, p_hub text default null)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_item taskhub.activities;
begin
    if p_seq is null then
        perform taskhub.rewind_instance(p_instance_id, 'retried by hand', v_hub.name);
        return;
    end if;
    v_item := taskhub.find_item(p_instance_id, p_seq, v_hub);
    update taskhub.activities
    set claimed_by = null, claimed_at = null, due = '-infinity', crashes = 0
    where partition_id = v_item.partition_id and id = v_item.id;
    perform taskhub.note_act(v_hub, 'retry_item', p_instance_id, jsonb_build_object(
        'seq', p_seq, 'name', v_item.name, 'crashes', v_item.crashes, 'worker', v_item.claimed_by));
    perform taskhub.notify_activities(v_hub.hub_id);
end
$$;
comment on function taskhub.retry_item(text, int, text) is
    'Lets an activity of a live instance run again now; without a number, an instance that was given up as poison.';
