-- taskhub.resume_hub: ends a pause.
begin;
\ir helpers/taskhub_test.sql
select plan(6);
select taskhub_test.given_hub();
set local taskhub.now = '2026-01-02 03:04:05Z';

select is(taskhub.resume_hub(), false, 'one that runs is left as it is');
select is_empty($$ select from taskhub.audit where act = 'resume_hub' and hub = 'PgTapHub' $$, 'without a word');
select taskhub.pause_hub('lunch');
select is(taskhub.resume_hub('pgTAPhub'), true, 'a paused one goes on');
select results_eq($$ select paused_at, paused_by, pause_reason, resumed_at from taskhub.hubs where name = 'PgTapHub' $$,
    $$ values (null::timestamptz, null::text, null::text, timestamptz '2026-01-02 03:04:05Z') $$, 'and it is known since when');
select is((select arguments ->> 'pausedBy' from taskhub.audit where act = 'resume_hub' and hub = 'PgTapHub'), session_user::text,
    'it is written down, with who had paused it');
select throws_ok($$ select taskhub.resume_hub('Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

select * from finish();
rollback;
