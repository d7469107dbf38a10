-- taskhub.request_purge(created_from, created_to, statuses, recursive, after, hub)
--
-- Has the engine do what taskhub.purge_instances does, in small commits that hold nobody up, one pass after the other;
-- taskhub.purges_view shows how far it is. Returns the number of the pass. Instances that are created after created_to is
-- reached, null: after this call, are left alone. recursive, after: as with taskhub.purge_batch.
-- Errors: TH006 no created_from, unknown status, bad after or hub. Tables: reads hubs; writes purges, audit.
create or replace function taskhub.request_purge(
    p_created_from timestamptz, p_created_to timestamptz default null, p_statuses text[] default null,
    p_recursive boolean default false, p_after text default null, p_hub text default null)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_purge taskhub.purges;
    v_purge_id bigint;
begin
    v_purge := taskhub.new_purge(v_hub, p_created_from, coalesce(p_created_to, taskhub.now()), p_statuses, p_recursive,
                                 p_after);
    insert into taskhub.purges (hub_id, kind, created_from, created_to, statuses, recursive, asked_at, asked_by,
                                after_partition, after_id, updated_at)
    values (v_purge.hub_id, v_purge.kind, v_purge.created_from, v_purge.created_to, v_purge.statuses, v_purge.recursive,
            v_purge.asked_at, v_purge.asked_by, v_purge.after_partition, v_purge.after_id, v_purge.updated_at)
    returning purge_id into v_purge_id;
    perform taskhub.note_act(v_hub, 'request_purge', null, jsonb_build_object(
        'createdFrom', p_created_from, 'createdTo', p_created_to, 'statuses', p_statuses, 'recursive', p_recursive,
        'purge', v_purge_id));
    return v_purge_id;
end
$$;
comment on function taskhub.request_purge(timestamptz, timestamptz, text[], boolean, text, text) is
    'Has the engine delete finished instances created in a span of time, in small commits; returns the pass''s number.';
