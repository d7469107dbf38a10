-- taskhub.pause_hub: once, by somebody, for a reason, and written down.
begin;
\ir helpers/taskhub_test.sql
select plan(12);
select taskhub_test.given_hub();
set local taskhub.now = '2026-01-02 03:04:05Z';

select is(taskhub.pause_hub('lunch'), timestamptz '2026-01-02 03:04:05Z', 'it says since when');
select results_eq($$ select paused_at, paused_by, pause_reason from taskhub.hubs where name = 'PgTapHub' $$,
    $$ values (timestamptz '2026-01-02 03:04:05Z', session_user::text collate "default", 'lunch') $$, 'the hub is paused, by whom and why');
set local taskhub.now = '2026-01-03 00:00:00Z';
select is(taskhub.pause_hub('dinner', 'pgtaphub'), timestamptz '2026-01-02 03:04:05Z', 'a paused one stays as it is');
select results_eq($$ select pause_reason from taskhub.hubs where name = 'PgTapHub' $$, array['lunch'], 'with its reason');
select lives_ok($$ select taskhub.start_instance('hello', '1', 'kept') $$, 'starts are accepted');
select results_eq($$ select act, hub, arguments, db_user, key_name, at from taskhub.audit where hub = 'PgTapHub' and act = 'pause_hub' $$,
    $$ values ('pause_hub', 'PgTapHub', '{"reason":"lunch"}'::jsonb, session_user::text collate "default", null::text, timestamptz '2026-01-02 03:04:05Z') $$,
    'it is written down, once');
select throws_ok($$ select taskhub.pause_hub(null, 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');
select throws_ok(format('select taskhub.pause_hub(%L)', repeat('x', 1001)), 'TH006', 'reason: must not be longer than 1,000 characters',
    'so is a novel');
select is(taskhub_test.state_as(r, $$ select taskhub.pause_hub() $$), case r when 'taskhub_admin' then '00000' else '42501' end,
    format('%s may %sdo it', r, case r when 'taskhub_admin' then '' else 'not ' end))
from unnest(array['taskhub_reader', 'taskhub_client', 'taskhub_admin']) r;
-- Who can't write the table can't say which key it was, either.
set local taskhub.key_name = 'ops';
select taskhub.resume_hub();
select taskhub.pause_hub();
select is((select key_name from taskhub.audit order by audit_id desc limit 1), 'ops', 'the program says which access key it was');

select * from finish();
rollback;
