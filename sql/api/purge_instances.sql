-- taskhub.purge_instances(created_from, created_to, statuses, hub)
--
-- Deletes the finished instances that were created between the two times, both included, with their histories, and
-- returns how many. created_from is required, so that no slip of the hand empties a hub ('-infinity' does);
-- created_to null: no end. statuses narrows it to some of Completed, Failed, Canceled, Terminated; null: all four.
-- A live instance is never deleted, whatever statuses says; nor one that another transaction has locked. All in the caller's
-- transaction: for many, taskhub.request_purge or taskhub.purge_batch is better.
-- Errors: TH006 no created_from, unknown status, bad hub.
-- Tables: reads hubs, instances; deletes from instances, history; writes audit.
create or replace function taskhub.purge_instances(
    p_created_from timestamptz, p_created_to timestamptz default null, p_statuses text[] default null,
    p_hub text default null)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_batch constant int := 1000;
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_purge taskhub.purges;
begin
    v_purge := taskhub.new_purge(v_hub, p_created_from, p_created_to, p_statuses, false);
    while v_purge.finished_at is null loop
        v_purge := taskhub.purge_next(v_hub, v_purge, c_batch);
    end loop;
    perform taskhub.note_act(v_hub, 'purge_instances', null, jsonb_build_object(
        'createdFrom', p_created_from, 'createdTo', p_created_to, 'statuses', p_statuses, 'deleted', v_purge.deleted));
    return v_purge.deleted;
end
$$;
comment on function taskhub.purge_instances(timestamptz, timestamptz, text[], text) is
    'Deletes finished instances created in a span of time, with their histories; returns how many.';
