-- taskhub.set_hub: settings of a hub.
begin;
\ir helpers/taskhub_test.sql
select plan(15);
select taskhub_test.given_hub();

select is((select settings from taskhub.hubs where name = 'PgTapHub'), '{}'::jsonb, 'a new hub has none');
select lives_ok($$ select taskhub.set_hub('early_events', '2 hours') $$, 'early events can be kept');
select is(taskhub.early_seconds((select settings from taskhub.hubs where name = 'PgTapHub')), 7200, 'for that long');
select lives_ok($$ select taskhub.set_hub('keep_history', 'on') $$, 'history can be kept');
select is((select settings from taskhub.hubs where name = 'PgTapHub'), '{"earlyEvents": 7200, "keepHistory": true}'::jsonb,
    'one setting leaves the others');
select lives_ok(format('select taskhub.set_hub(%L, %L)', 'early_events', v), format('early events: %s', coalesce(v, 'null')))
from unnest(array['off', null, '1 second']) v;
select throws_ok(format('select taskhub.set_hub(%L, %L)', 'early_events', v), 'TH006',
    'value: must be an interval of 1 second to 3650 days, or off', format('not early events: %s', v))
from unnest(array['soon', '0', '-1 day', '3651 days']) v;
select throws_ok($$ select taskhub.set_hub('keep_history', 'perhaps') $$, 'TH006', 'value: must be on or off', 'a word is none');
select throws_ok($$ select taskhub.set_hub('colour', 'blue') $$, 'TH006', 'setting: there is no setting "colour" of a hub',
    'an unknown setting is refused');
select throws_ok($$ select taskhub.set_hub(null, 'blue') $$, 'TH006', null, 'so is none');

select * from finish();
rollback;
