-- taskhub.purge_step(hub, batch)
--
-- Inner. What the engine does at a time for a hub: one step of the oldest pass that was asked for, else of the retention,
-- of which a pass begins when the last one began an hour ago (sooner where instances are kept for less than four hours).
-- One process at a time; the others are told that there is nothing to do. Returns how many instances it deleted, and
-- how long to wait for the next step: 0 at once, null nothing is to be done.
-- Errors: TH006 no such hub. Tables: writes purges; deletes from instances, history, and with a new pass from audit, purges.
create or replace function taskhub.purge_step(p_hub text, p_batch int default 200, out deleted bigint, out wait interval)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c_clean constant int := x'74680006'::int;
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_purge taskhub.purges;
    v_before bigint;
    v_keep jsonb;
    v_every interval;
begin
    deleted := 0;
    select jsonb_object_agg(taskhub.status_number(substr(key, 6))::text, taskhub.now() - value::interval),
           greatest(interval '10 s', least(interval '1 hour', min(value::interval) / 4))
    into v_keep, v_every
    from jsonb_each_text(v_hub.settings) where key like 'keep\_%' and key <> 'keep_audit';
    if not pg_try_advisory_xact_lock(c_clean, v_hub.hub_id) then
        wait := interval '1 s';
        return;
    end if;
    select * into v_purge from taskhub.purges
    where hub_id = v_hub.hub_id and finished_at is null order by kind, purge_id limit 1; -- 'asked' is first
    if not found then
        if v_keep is null and v_hub.settings ->> 'keep_audit' is null then
            return;
        end if;
        select max(asked_at) + coalesce(v_every, interval '1 hour') - taskhub.now() into wait
        from taskhub.purges where hub_id = v_hub.hub_id and kind = 'retention';
        if wait > interval '0' then
            return;
        end if;
        delete from taskhub.purges
        where hub_id = v_hub.hub_id and finished_at is not null
          and asked_at < taskhub.now() - case kind when 'asked' then interval '30 days' else interval '1 day' end;
        delete from taskhub.audit
        where hub_id = v_hub.hub_id and at < taskhub.now() - (v_hub.settings ->> 'keep_audit')::interval;
        insert into taskhub.purges (hub_id, kind, statuses, completed_until, recursive, asked_at, asked_by,
                                    after_partition, after_id, updated_at)
        values (v_hub.hub_id, 'retention', array(select jsonb_object_keys(v_keep)::int order by 1),
                coalesce(v_keep, '{}'), true, taskhub.now(), session_user, v_hub.first_partition, '', taskhub.now())
        returning * into v_purge;
    end if;

    v_before := v_purge.deleted;
    v_purge := taskhub.purge_next(v_hub, v_purge, p_batch);
    update taskhub.purges
    set after_partition = v_purge.after_partition, after_id = v_purge.after_id, deleted = v_purge.deleted,
        updated_at = v_purge.updated_at, finished_at = v_purge.finished_at
    where purge_id = v_purge.purge_id;
    deleted := v_purge.deleted - v_before;
    wait := interval '0';
end
$$;
comment on function taskhub.purge_step(text, int) is
    'Inner: one step of a pass that was asked for, or of the retention; how many went, and how long to wait.';
