-- Who may call what.
begin;
\ir helpers/taskhub_test.sql
select plan(59);
select taskhub_test.given_hub();
select taskhub_test.given_instance('live', 'Running');
select taskhub_test.given_instance('done', 'Completed');
select taskhub_test.given_instance('broken', 'Failed');
select taskhub_test.given_episode('done', '[{"kind":"OrchestratorStarted"}]');

select has_role(r) from unnest(array['taskhub_reader', 'taskhub_client', 'taskhub_worker', 'taskhub_admin']) r;
select is((select rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls from pg_roles where rolname = r), false,
    format('%s has no attribute', r))
from unnest(array['taskhub_reader', 'taskhub_client', 'taskhub_worker', 'taskhub_admin']) r;

-- Nobody else has any right.
create role taskhub_test_nobody;
select is(has_schema_privilege('taskhub_test_nobody', 'taskhub', 'usage'), false, 'the public has no right on the schema');
select is_empty($$ select oid::regclass from pg_class where relnamespace = 'taskhub'::regnamespace and relkind in ('r', 'v')
    and has_table_privilege('taskhub_test_nobody', oid, 'select, insert, update, delete') $$, 'nor on a table or view');
select is_empty($$ select oid::regprocedure from pg_proc where pronamespace = 'taskhub'::regnamespace
    and has_function_privilege('taskhub_test_nobody', oid, 'execute') $$, 'nor on a function');

-- Reader.
select is_empty(format($$ select oid::regclass from pg_class where relnamespace = 'taskhub'::regnamespace and relkind = 'v'
    and relname <> 'audit_view' and not has_table_privilege(%L, oid, 'select') $$, r), format('%s reads every view', r))
from unnest(array['taskhub_reader', 'taskhub_client']) r;
select is_empty(format($$ select oid::regclass from pg_class where relnamespace = 'taskhub'::regnamespace and relkind = 'r'
    and has_table_privilege(%L, oid, 'select, insert, update, delete, truncate') $$, r), format('%s has no right on any table', r))
from unnest(array['taskhub_reader', 'taskhub_client']) r;
select is(taskhub_test.state_as(r, 'select * from taskhub.' || v), '00000', format('%s reads %s', r, v))
from unnest(array['taskhub_reader', 'taskhub_client']) r,
     unnest(array['instances_view', 'entities_view', 'history_events', 'inbox_view', 'activities_view', 'partitions_view', 'workers_view', 'stuck']) v;
select is(taskhub_test.state_as('taskhub_reader', $$ select * from taskhub.get_instance('live') $$), '00000', 'a reader gets an instance');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.start_instance('hello') $$), '42501', 'and starts none');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.raise_event('live', 'E') $$), '42501', 'and sends no event');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.signal_entity('c', 'k', 'add') $$), '42501', 'and signals no entity');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.purge_instance('done') $$), '42501', 'and deletes none');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.rewind_instance('broken') $$), '42501', 'and rewinds none');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.restart_instance('done') $$), '42501', 'and restarts none');

-- Client.
select is(taskhub_test.state_as('taskhub_client', sql), '00000', 'a client may ' || sql)
from unnest(array[$$select taskhub.start_instance('hello', '1', 'new')$$, $$select taskhub.start_instances('hello', '{1}')$$,
    $$select taskhub.raise_event('live', 'E')$$, $$select taskhub.signal_entity('c', 'k', 'add')$$, $$select taskhub.signal_with_start('hello', 'sws', 'E')$$, $$select taskhub.terminate_instance('live')$$, $$select taskhub.suspend_instance('live')$$,
    $$select taskhub.resume_instance('live')$$, $$select taskhub.rewind_instance('broken')$$, $$select taskhub.restart_instance('done', false)$$, $$select taskhub.purge_instance('done')$$, $$select taskhub.purge_instances('-infinity')$$]) sql;
select is(taskhub_test.state_as('taskhub_client', sql), '42501', 'a client may not ' || sql)
from unnest(array[$$select taskhub.create_hub('Mine')$$, $$select taskhub.drop_hub('PgTapHub')$$,
    $$select taskhub.put_message(7, 'live', null, '1', null)$$, 'delete from taskhub.inbox']) sql;

-- A temporary object of the caller can't take the place of what a function with the owner's rights uses.
select is_empty($$ select oid::regprocedure from pg_proc where pronamespace = 'taskhub'::regnamespace and prosecdef
    and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false) $$, 'such functions look there last');

-- Worker and admin.
select is_empty(format($$ select oid::regclass from pg_class where relnamespace = 'taskhub'::regnamespace and relkind = 'r'
    and not (has_table_privilege(%1$L, oid, 'select') and has_table_privilege(%1$L, oid, 'insert')
             and has_table_privilege(%1$L, oid, 'update') and has_table_privilege(%1$L, oid, 'delete')) $$, r), format('%s has all rows', r))
from unnest(array['taskhub_worker', 'taskhub_admin']) r;
select is(taskhub_test.state_as(r, $$ select taskhub.create_hub('Mine'), taskhub.start_instance('hello', p_hub => 'Mine'), taskhub.drop_hub('Mine') $$),
    '00000', format('%s may create and drop hubs', r))
from unnest(array['taskhub_worker', 'taskhub_admin']) r;

select * from finish();
rollback;
