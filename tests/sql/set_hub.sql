-- taskhub.set_hub: settings of a hub, checked by name and value, written down.
begin;
\ir helpers/taskhub_test.sql
select plan(25);
select taskhub_test.given_hub();
create function pg_temp.settings() returns jsonb language sql as $$ select settings from taskhub.hubs where name = 'PgTapHub' $$;

select taskhub.set_hub('poison', 'park');
select is(pg_temp.settings(), '{"poison": "park"}', 'a setting is kept');
select taskhub.set_hub('poison', 'park', 'pgtaphub');
select is((select count(*) from taskhub.audit where act = 'set_hub' and hub = 'PgTapHub'), 1::bigint, 'the same once more is no act');
select taskhub.set_hub('poison', 'fail');
select is(pg_temp.settings(), '{"poison": "fail"}', 'it may be changed');
select taskhub.set_hub('poison', null);
select is(pg_temp.settings(), '{}', 'null is the default again');
select results_eq($$ select arguments from taskhub.audit where act = 'set_hub' and hub = 'PgTapHub' order by audit_id $$,
    array['{"setting":"poison","value":"park"}', '{"setting":"poison","value":"fail","before":"park"}',
          '{"setting":"poison","before":"fail"}']::jsonb[], 'each change is written down');
select throws_ok($$ select taskhub.set_hub('poison', 'eat') $$, 'TH006', 'poison: must be fail or park', 'a value it can''t have');
select throws_ok($$ select taskhub.set_hub('colour', 'red') $$, 'TH006', 'setting: a hub has no setting "colour"', 'an unknown setting');
select throws_ok($$ select taskhub.set_hub(null, 'red') $$, 'TH006', null, 'none');
select throws_ok($$ select taskhub.set_hub('poison', 'park', 'Nowhere') $$, 'TH006', null, 'an unknown hub');
select is(pg_temp.settings(), '{}', 'those changed nothing');
select is(taskhub_test.state_as(r, $$ select taskhub.set_hub('poison', 'park') $$), s, r || ': ' || s)
from (values ('taskhub_reader', '42501'), ('taskhub_client', '42501'), ('taskhub_worker', '00000'), ('taskhub_admin', '00000')) g(r, s);

select taskhub.set_hub('early_events', '2 hours');
select is(taskhub.early_seconds(pg_temp.settings()), 7200, 'early events are kept for that long');
select lives_ok(format('select taskhub.set_hub(%L, %L)', 'early_events', v), format('early events: %s', coalesce(v, 'null')))
from unnest(array['off', null, '1 second']) v;
select throws_ok(format('select taskhub.set_hub(%L, %L)', 'early_events', v), 'TH006',
    'early_events: must be an interval of 1 second to 3650 days, or off', format('not early events: %s', v))
from unnest(array['soon', '0', '-1 day', '3651 days']) v;
select taskhub.set_hub('early_events', null);
select is(taskhub.early_seconds(pg_temp.settings()), 0, 'none are kept');
select lives_ok($$ select taskhub.set_hub('keep_history', 'on') $$, 'history can be kept');
select throws_ok($$ select taskhub.set_hub('keep_history', 'perhaps') $$, 'TH006', 'keep_history: must be on or off', 'a word is none');

select * from finish();
rollback;
