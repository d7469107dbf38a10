-- taskhub.create_schedule: made with what it was given, or refused; changed without losing its place.
begin;
\ir helpers/taskhub_test.sql
select plan(36);
select taskhub_test.given_hub();
select set_config('taskhub.now', '2026-01-02 03:04:05Z', true);

select is(taskhub.create_schedule('every hour', '0 * * * *', 'hello'), '2026-01-02 04:00Z'::timestamptz, 'it returns when it is due next');
select results_eq($$ select hub, name, expression, time_zone, orchestrator, input, overlap, missed, missed_limit, enabled, next_at,
                            last_at, last_instance_id, last_status, problem, retry_at, created_at, updated_at from taskhub.schedules_view $$,
    $$ values ('PgTapHub' collate "C", 'every hour' collate "C", '0 * * * *', 'UTC', 'hello', null::text, 'allow', 'skip', 100, true,
               '2026-01-02 04:00Z'::timestamptz, null::timestamptz, null collate "C", null::text, null::text, null::timestamptz,
               '2026-01-02 03:04:05Z'::timestamptz, '2026-01-02 03:04:05Z'::timestamptz) $$,
    'the view shows it with its defaults');
select is(taskhub.create_schedule('all', '0 0 9 * * MON', 'hello', '{"a": 1}', 'europe/berlin', 'replace', 'all', 7, false), null,
    'one that is not enabled is not due');
select results_eq($$ select time_zone, input, overlap, missed, missed_limit, enabled, next_at from taskhub.schedules_view where name = 'all' $$,
    $$ values ('Europe/Berlin', '{"a": 1}', 'replace', 'all', 7, false, null::timestamptz) $$, 'it keeps what it was given');

select throws_ok($$ select taskhub.create_schedule('every hour', '* * * * *', 'hello') $$, 'TH003',
    'hub "PgTapHub" already has a schedule "every hour"', 'a name is taken once');
select taskhub.create_hub('PgTapOther');
select lives_ok($$ select taskhub.create_schedule('every hour', '* * * * *', 'hello', p_hub => 'PgTapOther') $$, 'once a hub');

select throws_ok('select taskhub.create_schedule(' || arguments || ')', 'TH006', message, message) from (values
    ($$ '', '* * * * *', 'hello' $$, 'name: must not be empty'),
    ($$ repeat('a', 201), '* * * * *', 'hello' $$, 'name: must not be longer than 200 bytes, has 201'),
    ($$ 'a/b', '* * * * *', 'hello' $$, $$name: must not contain '/', '\', '#' or '?'$$),
    ($$ '@a', '* * * * *', 'hello' $$, $$name: must not begin with '@'$$),
    ($$ 'a', '* * * *', 'hello' $$, 'expression: must have 5 fields, or 6 with seconds first, has 4'),
    ($$ 'a', '0 0 30 2 *', 'hello' $$, 'expression: is never due'),
    ($$ 'a', '* * * * *', '' $$, 'orchestrator: must not be empty'),
    ($$ 'a', '* * * * *', 'hello', '{' $$, 'input: must be valid JSON'),
    ($$ 'a', '* * * * *', 'hello', null, 'Mars/Base' $$, 'time_zone: there is no time zone "Mars/Base"'),
    ($$ 'a', '* * * * *', 'hello', null, 'UTC+3' $$, 'time_zone: there is no time zone "UTC+3"'),
    ($$ 'a', '* * * * *', 'hello', null, 'CET' $$, 'time_zone: "CET" is an abbreviation'),
    ($$ 'a', '* * * * *', 'hello', null, null $$, 'time_zone: there is no time zone "<NULL>"'),
    ($$ 'a', '* * * * *', 'hello', null, 'UTC', 'forbid' $$, 'overlap: must be allow, skip or replace'),
    ($$ 'a', '* * * * *', 'hello', null, 'UTC', null $$, 'overlap: must be allow, skip or replace'),
    ($$ 'a', '* * * * *', 'hello', null, 'UTC', 'allow', 'never' $$, 'missed: must be skip, once or all'),
    ($$ 'a', '* * * * *', 'hello', null, 'UTC', 'allow', 'all', 0 $$, 'missed_limit: must be between 1 and 1000'),
    ($$ 'a', '* * * * *', 'hello', null, 'UTC', 'allow', 'all', 1001 $$, 'missed_limit: must be between 1 and 1000'),
    ($$ 'a', '* * * * *', 'hello', p_hub => 'Nowhere' $$, 'hub: there is no hub "Nowhere"')) e(arguments, message);
select is((select count(*) from taskhub.schedules where name = 'a'), 0::bigint, 'none of those was made');

-- Changing one.
update taskhub.schedules set last_at = '2026-01-02 03:00Z', last_instance_id = 'x', problem = 'p', retry_at = now() where name = 'every hour';
select set_config('taskhub.now', '2026-01-02 04:04:05Z', true);
select is(taskhub.create_schedule('every hour', '0 * * * *', 'other', p_replace => true), '2026-01-02 04:00Z'::timestamptz,
    'one that is changed keeps what it is to run, if its times are as before');
select results_eq($$ select orchestrator, last_at, last_instance_id, problem, retry_at, created_at, updated_at from taskhub.schedules
                     where name = 'every hour' and orchestrator = 'other' $$,
    $$ values ('other', '2026-01-02 03:00Z'::timestamptz, 'x' collate "C", null::text, null::timestamptz,
               '2026-01-02 03:04:05Z'::timestamptz, '2026-01-02 04:04:05Z'::timestamptz) $$,
    'and what it has run');
select is(taskhub.create_schedule('every hour', '30 * * * *', 'other', p_replace => true), '2026-01-02 04:30Z'::timestamptz,
    'with other times it begins anew');
update taskhub.schedules set last_at = '2026-01-02 06:00Z' where name = 'every hour' and orchestrator = 'other';
select is(taskhub.create_schedule('every hour', '0 * * * *', 'other', p_replace => true), '2026-01-02 07:00Z'::timestamptz,
    'but never with a time that it has run, even if the clock has gone back');
select is(taskhub.create_schedule('every hour', '0 * * * *', 'other', p_enabled => false, p_replace => true), null, 'it can be halted so');
select is(taskhub.create_schedule('every hour', '0 * * * *', 'other', p_replace => true), null, 'and stays so if nothing is said');
select is(taskhub.create_schedule('new', '0 * * * *', 'hello', p_replace => true), '2026-01-02 05:00Z'::timestamptz, 'what is not there is made');

-- Who may.
select is(taskhub_test.state_as('taskhub_client', $$ select taskhub.create_schedule('c', '* * * * *', 'hello'),
    taskhub.enable_schedule('c', false), taskhub.drop_schedule('c') $$), '00000', 'a client makes, halts and deletes schedules');
select is(taskhub_test.state_as('taskhub_reader', $$ select taskhub.create_schedule('c', '* * * * *', 'hello') $$), '42501', 'a reader does not');
select is(taskhub_test.state_as('taskhub_reader', 'select * from taskhub.schedules_view'), '00000', 'but sees them');
select is(taskhub_test.state_as('taskhub_client', 'select taskhub.run_schedules()'), '42501', 'only a worker runs them');

select * from finish();
rollback;
