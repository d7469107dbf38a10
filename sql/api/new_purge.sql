-- taskhub.new_purge(hub, created_from, created_to, statuses, recursive, after)
--
-- Inner. A pass over the finished instances of a hub as somebody asks for it, checked, and not written anywhere yet.
-- after: where to begin, "partition:id" as taskhub.purge_batch returns it; null: at the beginning.
-- Errors: TH006 no created_from, unknown status, bad after. Tables: none.
create or replace function taskhub.new_purge(p_hub taskhub.hubs, p_created_from timestamptz, p_created_to timestamptz,
                                             p_statuses text[], p_recursive boolean, p_after text default null)
returns taskhub.purges language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_purge taskhub.purges;
begin
    if p_created_from is null then
        raise exception 'created_from: must not be null' using errcode = 'TH006';
    end if;
    select coalesce(array_agg(taskhub.status_number(s)), '{}') into v_purge.statuses
    from unnest(coalesce(p_statuses, array['Completed', 'Failed', 'Canceled', 'Terminated'])) s;
    if array_position(v_purge.statuses, null) is not null then
        raise exception 'statuses: has a name that is no status' using errcode = 'TH006',
            hint = 'Finished are Completed, Failed, Canceled and Terminated.';
    end if;
    if p_after !~ '^[0-9]{1,9}:.'
       or split_part(p_after, ':', 1)::int not between p_hub.first_partition
                                               and p_hub.first_partition + p_hub.partition_count - 1 then
        raise exception 'after: must be what the last call returned' using errcode = 'TH006';
    end if;
    v_purge.hub_id := p_hub.hub_id;
    v_purge.kind := 'asked';
    v_purge.created_from := p_created_from;
    v_purge.created_to := coalesce(p_created_to, 'infinity');
    v_purge.recursive := coalesce(p_recursive, false);
    v_purge.asked_at := taskhub.now();
    v_purge.asked_by := session_user;
    v_purge.after_partition := coalesce(split_part(p_after, ':', 1)::int, p_hub.first_partition);
    v_purge.after_id := coalesce(substr(p_after, strpos(p_after, ':') + 1), '');
    v_purge.deleted := 0;
    v_purge.updated_at := taskhub.now();
    return v_purge;
end
$$;
comment on function taskhub.new_purge(taskhub.hubs, timestamptz, timestamptz, text[], boolean, text) is
    'Inner: a pass over the finished instances of a hub as somebody asks for it, checked.';
