-- taskhub.purge_batch(created_from, created_to, statuses, recursive, after, hub)
--
-- One small batch of what taskhub.purge_instances does, for callers that commit each: deletes at most 500 instances, and
-- looks at no more than 5,000 for that. Returns how many it deleted and where the next call goes on (after); null: done.
-- recursive: with the sub-orchestrations that they started and that have finished, and theirs, whatever their time.
-- Errors: TH006 no created_from, unknown status, bad after or hub.
-- Tables: reads hubs, instances; deletes from instances, history; the first of a row of calls writes audit.
create or replace function taskhub.purge_batch(
    p_created_from timestamptz, p_created_to timestamptz default null, p_statuses text[] default null,
    p_recursive boolean default false, p_after text default null, p_hub text default null,
    out deleted bigint, out next_after text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    c_batch constant int := 500;
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_purge taskhub.purges;
begin
    v_purge := taskhub.new_purge(v_hub, p_created_from, p_created_to, p_statuses, p_recursive, p_after);
    if p_after is null then
        perform taskhub.note_act(v_hub, 'purge_batch', null, jsonb_build_object(
            'createdFrom', p_created_from, 'createdTo', p_created_to, 'statuses', p_statuses, 'recursive', p_recursive));
    end if;
    v_purge := taskhub.purge_next(v_hub, v_purge, c_batch);
    deleted := v_purge.deleted;
    next_after := case when v_purge.finished_at is null then v_purge.after_partition || ':' || v_purge.after_id end;
end
$$;
comment on function taskhub.purge_batch(timestamptz, timestamptz, text[], boolean, text, text) is
    'Deletes a small batch of finished instances created in a span of time; says where the next call goes on.';
