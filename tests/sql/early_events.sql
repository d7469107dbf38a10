-- Events for instances that do not exist yet: taskhub.raise_event, taskhub.expire_early_events, taskhub.early_events.
begin;
\ir helpers/taskhub_test.sql
select plan(20);
select taskhub_test.given_hub();
select taskhub_test.given_instance('done', 'Completed');

select throws_ok($$ select taskhub.raise_event('later', 'E') $$, 'TH001', null, 'without the setting an event needs its instance');
select taskhub.set_hub('early_events', '1 hour');
select lives_ok($$ select taskhub.raise_event('later', 'E', '{"n": 1}') $$, 'with it the event is kept');
select results_eq($$ select kind::int, start_id, execution_id, due, body, message_id is not null, partition_id = taskhub.partition_of('later')
                     from taskhub.inbox where instance_id = 'later' $$,
    $$ values (17, null::uuid, null::uuid, '-infinity'::timestamptz, '{"early":true}', true, true) $$, 'for no start, and marked');
select results_eq($$ select hub = 'PgTapHub', instance_id = 'later', name, payload, expires_at - sent_at from taskhub.early_events $$,
    $$ values (true, true, 'E', '{"n": 1}', interval '1 hour') $$, 'and people see it, and when it goes');
select throws_ok($$ select taskhub.raise_event('done', 'E') $$, 'TH002', null, 'a finished instance takes none all the same');
select throws_ok($$ select taskhub.terminate_instance('later') $$, 'TH001', null, 'nothing else is kept');
select throws_ok($$ select taskhub.raise_event('@a@b', 'E') $$, 'TH006', null, 'an entity takes no event');
select throws_ok($$ select taskhub.raise_event('a/b', 'E') $$, 'TH006', null, 'an id that no instance can have is refused');

select is(taskhub.start_instance('hello', '1', 'later'), 'later', 'the instance starts');
select is_empty($$ select * from taskhub.early_events $$, 'then the event is early no more');
select results_eq($$ select * from taskhub_test.messages('later') $$,
    $$ values ('EventRaised', 'E', '{"n": 1}'), ('ExecutionStarted', 'hello', null::text) $$, 'it waits for the owner');

-- Expiry.
select taskhub.raise_event('never', 'Old');
select taskhub.raise_event('never', 'New');
update taskhub.inbox set due = 'infinity' where instance_id in ('never', 'later') and kind = 17;
select is(taskhub.expire_early_events(), 0::bigint, 'what is young stays');
update taskhub.inbox set sent_at = now() - interval '2 hours' where name in ('Old', 'E');
select is(taskhub.expire_early_events(), 1::bigint, 'what is old goes');
select is((select array_agg(name) from taskhub.early_events), array['New'], 'and nothing else');
select is((select count(*) from taskhub.inbox where instance_id = 'later' and kind = 17), 1::bigint,
    'what a live instance has not taken yet stays, however old');
select taskhub_test.given_message('done', 17, 'infinity', now() - interval '1 year');
select is(taskhub.expire_early_events(), 0::bigint, 'an event that is bound to a start is none of these');
select taskhub.set_hub('early_events', null);
select is(taskhub.expire_early_events(), 1::bigint, 'without the setting all go');
select throws_ok($$ select taskhub.raise_event('never', 'E') $$, 'TH001', null, 'and no more are taken');

select taskhub.create_hub('PgTapOther');
select taskhub.set_hub('early_events', '1 day', 'PgTapOther');
select throws_ok($$ select taskhub.raise_event('never', 'E') $$, 'TH001', null, 'a hub''s setting is its own');
select lives_ok($$ select taskhub.raise_event('never', 'E', p_hub => 'PgTapOther') $$, 'each has one');

select * from finish();
rollback;
