-- The schema as a whole: tables, keys, comments everywhere.
begin;
\ir helpers/taskhub_test.sql
select plan(16);

select tables_are('taskhub', array['schema_version', 'hubs', 'partitions', 'commits', 'workers', 'hub_secrets', 'keys', 'instances', 'history', 'inbox', 'activities', 'schedules', 'sql_activities', 'audit', 'purges', 'names']);
select views_are('taskhub', array['locks_view', 'instances_view', 'entities_view', 'history_events', 'inbox_view', 'activities_view', 'partitions_view',
    'workers_view', 'stuck', 'schedules_view', 'sql_activities_view', 'early_events', 'executions_view', 'poisoned', 'audit_view', 'purges_view', 'unserved']);
select col_is_pk('taskhub'::name, 'instances'::name, array['partition_id', 'instance_id']::name[], 'instances has its key');
select col_is_pk('taskhub'::name, 'history'::name, array['partition_id', 'instance_id', 'execution_id', 'episode']::name[], 'history has its key');
select col_is_pk('taskhub'::name, 'inbox'::name, array['partition_id', 'due', 'message_no']::name[], 'inbox has its key');
select col_is_pk('taskhub'::name, 'activities'::name, array['partition_id', 'id']::name[], 'activities has its key');
select col_is_pk('taskhub'::name, 'commits'::name, array['partition_id', 'commit_no']::name[], 'commits has its key');

-- An index on a column that changes would make every status update write all indexes.
select indexes_are('taskhub', 'instances', array['instances_pkey', 'instances_live', 'instances_created', 'instances_failed']);
select is((select count(*) from pg_class where relnamespace = 'taskhub'::regnamespace and relname in ('inbox', 'activities', 'commits')
           and reloptions @> array['autovacuum_vacuum_scale_factor=0.01', 'autovacuum_vacuum_cost_delay=0']), 3::bigint,
    'the hot tables are vacuumed early and without pauses');

-- Ids compare byte by byte, whatever the database's locale.
select is_empty($$ select attrelid::regclass, attname from pg_attribute a join pg_class c on c.oid = attrelid
    where relnamespace = 'taskhub'::regnamespace and relkind = 'r' and attname like '%instance_id' and attcollation <> '"C"'::regcollation $$,
    'every instance id is in collation C');

-- Words for everything.
select is_empty($$ select relname from pg_class c where relnamespace = 'taskhub'::regnamespace and relkind in ('r', 'v', 'm', 'p')
    and obj_description(oid, 'pg_class') is null $$, 'every table and view has a comment');
select is_empty($$ select c.relname from pg_class c where relnamespace = 'taskhub'::regnamespace and relkind = 'S'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i') and obj_description(oid, 'pg_class') is null $$,
    'every sequence that is not a column''s has a comment');
select is_empty($$ select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where relnamespace = 'taskhub'::regnamespace and relkind in ('r', 'p') and col_description(c.oid, a.attnum) is null $$,
    'every column of a table has a comment');
select is_empty($$ select p.oid::regprocedure from pg_proc p where pronamespace = 'taskhub'::regnamespace
    and obj_description(oid, 'pg_proc') is null $$, 'every function has a comment');
select isnt(obj_description('taskhub'::regnamespace, 'pg_namespace'), null, 'the schema has a comment');
select is_empty($$ select p.oid::regprocedure from pg_proc p join pg_language l on l.oid = prolang where pronamespace = 'taskhub'::regnamespace
    and lanname = 'plpgsql' and not coalesce(array_to_string(proconfig, ' ') like '%search_path=pg_catalog%', false) $$,
    'every function in PL/pgSQL has a search path of its own');

select * from finish();
rollback;
