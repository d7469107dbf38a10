-- Who may call what. Four roles without login, for an administrator to grant to users:
--
--   taskhub_reader  reads the views
--   taskhub_client  reads the views, starts and manages instances through the functions
--   taskhub_worker  runs the program: all rows, all functions
--   taskhub_admin   all
--
-- A client has no right on any table. The functions for clients run with the rights of the schema's owner (security
-- definer, fixed search_path, no dynamic SQL), since the rights that they need otherwise would also allow to forge a
-- result in the inbox or to rewrite an instance.
--
-- Roles belong to the whole cluster: a user without CREATEROLE can migrate all the same, without those that are missing.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['taskhub_reader', 'taskhub_client', 'taskhub_worker', 'taskhub_admin'] loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
                execute format('create role %I nologin', v_role);
            end if;
        exception
            when insufficient_privilege then
                raise notice 'role % is left out: it needs the attribute CREATEROLE to be created', v_role;
            when duplicate_object or unique_violation then
                null; -- a migration of another database was first
        end;
    end loop;
end
$$;

revoke all on schema taskhub from public;
revoke all on all tables in schema taskhub from public;
revoke all on all sequences in schema taskhub from public;
revoke all on all functions in schema taskhub from public;

do $$
declare
    c_views constant text := 'taskhub.instances_view, taskhub.history_events, taskhub.inbox_view, '
        'taskhub.activities_view, taskhub.partitions_view, taskhub.workers_view, taskhub.locks_view, taskhub.stuck, '
        'taskhub.entities_view, taskhub.schedules_view, taskhub.sql_activities_view, taskhub.early_events, '
        'taskhub.executions_view, taskhub.poisoned, taskhub.purges_view, taskhub.unserved';
    c_reading constant text := 'taskhub.now, taskhub.partition_hash, taskhub.partition_of, taskhub.resolve_hub, '
        'taskhub.status_name, taskhub.status_number, taskhub.is_finished, taskhub.kind_name, taskhub.memo_waits, '
        'taskhub.get_instance, taskhub.get_entity, taskhub.entity_id, taskhub.cron_next, taskhub.tags_contain, '
        'taskhub.explain';
    c_managing constant text := 'taskhub.start_instance, taskhub.start_instances, taskhub.raise_event, taskhub.signal_entity, '
        'taskhub.signal_with_start, '
        'taskhub.terminate_instance, taskhub.suspend_instance, taskhub.resume_instance, taskhub.rewind_instance, '
        'taskhub.restart_instance, taskhub.purge_instance, '
        'taskhub.purge_instances, taskhub.purge_batch, taskhub.request_purge, taskhub.create_schedule, taskhub.drop_schedule, taskhub.enable_schedule';
    v_role text;
    v_right text;
begin
    for v_role, v_right in
        select role, right_ from (values
            ('taskhub_reader', 'usage on schema taskhub'),
            ('taskhub_reader', 'select on ' || c_views),
            ('taskhub_reader', 'execute on function ' || c_reading),
            ('taskhub_client', 'usage on schema taskhub'),
            ('taskhub_client', 'select on ' || c_views),
            ('taskhub_client', 'execute on function ' || c_reading),
            ('taskhub_client', 'execute on function ' || c_managing),
            ('taskhub_worker', 'usage on schema taskhub'),
            ('taskhub_worker', 'select, insert, update, delete on all tables in schema taskhub'),
            ('taskhub_worker', 'usage, select, update on all sequences in schema taskhub'),
            ('taskhub_worker', 'execute on all functions in schema taskhub'),
            ('taskhub_admin', 'all on schema taskhub'),
            ('taskhub_admin', 'all on all tables in schema taskhub'),
            ('taskhub_admin', 'all on all sequences in schema taskhub'),
            ('taskhub_admin', 'all on all functions in schema taskhub')) g(role, right_)
        where exists (select from pg_catalog.pg_roles where rolname = role)
    loop
        execute format('grant %s to %I', v_right, v_role);
    end loop;
end
$$;
