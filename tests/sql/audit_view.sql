-- taskhub.audit_view: each act by hand is a row, of its transaction, and administrators read it.
begin;
\ir helpers/taskhub_test.sql
select plan(24);
set local taskhub.now = '2026-01-02 03:04:05Z';
select taskhub_test.given_hub();
select taskhub_test.given_instance('live');
select taskhub_test.given_instance('broken', 'Failed');
select taskhub_test.given_instance(i, 'Completed') from unnest(array['done', 'finished', 'old']) i;
select taskhub.create_schedule('s', '0 0 1 1 *', 'hello');
create function pg_temp.acts() returns bigint language sql as $$ select count(*) from taskhub.audit_view where hub = 'PgTapHub' $$;
create function pg_temp.last() returns text language sql as $$
    select concat_ws(' ', act, instance_id, arguments) from taskhub.audit_view where hub = 'PgTapHub' order by audit_id desc limit 1
$$;

select is(pg_temp.last(), 'create_hub {"partitions": 4}', 'create_hub');
create table taskhub_test.act (n int generated always as identity, sql text, instance_id text, arguments jsonb);
insert into taskhub_test.act (sql, instance_id, arguments) values
    ('suspend_instance(''live'', ''lunch'')', 'live', '{"reason":"lunch"}'),
    ('resume_instance(''live'')', 'live', '{}'),
    ('terminate_instance(''live'', ''enough'', true)', 'live', '{"reason":"enough","recurse":true}'),
    ('rewind_instance(''broken'', ''fixed'')', 'broken', '{"reason":"fixed"}'),
    ('restart_instance(''done'', false)', 'done', '{}'),
    ('purge_instance(''finished'')', 'finished', '{}'),
    ('purge_instances(''2026-01-01Z'')', null, jsonb_build_object('createdFrom', timestamptz '2026-01-01Z', 'deleted', 1)),
    ('create_key(''ci'', ''system'', sha256(''x''))', null, '{"name":"ci","kind":"system"}'),
    ('revoke_key(''ci'')', null, '{"name":"ci"}'),
    ('enable_schedule(''s'', false)', null, '{"name":"s","enabled":false}'),
    ('pause_hub(''lunch'')', null, '{"reason":"lunch"}'),
    ('set_hub(''poison'', ''park'')', null, '{"setting":"poison","value":"park"}');
update taskhub.instances set created_at = '2026-01-03Z' where instance_id = 'old';
create function taskhub_test.done(p_sql text) returns text language plpgsql as $$
begin
    execute 'select taskhub.' || p_sql;
    return pg_temp.last();
end
$$;
select is(taskhub_test.done(a.sql), concat_ws(' ', split_part(a.sql, '(', 1), a.instance_id, a.arguments), split_part(a.sql, '(', 1))
from (select * from taskhub_test.act order by n) a;

select is((select count(distinct (db_user, at)) from taskhub.audit_view where hub = 'PgTapHub' and db_user = session_user
           and at = '2026-01-02 03:04:05Z'), 1::bigint, 'who and when');
select set_config('taskhub_test.acts', pg_temp.acts()::text, true);
select throws_ok($$ select taskhub.suspend_instance('nobody') $$, 'TH001', null, 'what is refused');
select is(taskhub_test.state_as('taskhub_admin', $$ select taskhub.resume_hub() $$), '00000', 'and what is rolled back');
select taskhub.raise_event('live', 'Go');
select is(pg_temp.acts(), current_setting('taskhub_test.acts')::bigint, 'leave no row, nor do events');
update taskhub.instances set status = 7 where instance_id = 'live';
select ok((select sentence like '% by ' || session_user || '%' from taskhub.explain('live') where reason = 'suspended'),
    'explain says who suspended it');
select taskhub.create_hub('PgTapOther');
select taskhub.drop_hub('PgTapOther');
select results_eq($$ select act from taskhub.audit_view where hub = 'PgTapOther' order by audit_id $$, array['create_hub', 'drop_hub'],
    'a hub that is gone leaves its rows');

-- Who may read, and who is believed about keys.
select is(taskhub_test.state_as(r, 'select * from taskhub.audit_view'), s, r || ': ' || s)
from (values ('taskhub_reader', '42501'), ('taskhub_client', '42501'), ('taskhub_admin', '00000')) g(r, s);
create role taskhub_test_client;
grant taskhub_client to taskhub_test_client;
set local session authorization taskhub_test_client;
set local taskhub.key_name = 'forged';
select taskhub.suspend_instance('live', null, 'PgTapHub');
select taskhub.resume_instance('live', null, 'PgTapHub');
reset session authorization;
select results_eq($$ select db_user, key_name from taskhub.audit_view where db_user = 'taskhub_test_client' and act = 'resume_instance' $$,
    $$ values ('taskhub_test_client', null::text) $$, 'a client can''t name a key');
select is((select count(*) from taskhub.audit_view where instance_id is not null and hub = 'PgTapHub'), 8::bigint, 'those of instances');
select * from finish();
rollback;
