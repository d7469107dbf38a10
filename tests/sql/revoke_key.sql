-- taskhub.revoke_key: a key ends; the hub's own is replaced.
begin;
\ir helpers/taskhub_test.sql
select plan(12);
select taskhub_test.given_hub();
select taskhub.create_hub('PgTapOther');
select taskhub.create_key('ci', 'system', sha256('a'), hub) from (values ('PgTapHub'), ('PgTapOther')) h(hub);

select throws_ok($$ select taskhub.revoke_key('cd') $$, 'TH001', 'hub "PgTapHub" has no key "cd"', 'a key that is not there is named');
select throws_ok($$ select taskhub.revoke_key(null) $$, 'TH006', 'name: must not be null', 'a key has a name');
select throws_ok($$ select taskhub.revoke_key('ci', 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');
select lives_ok($$ select taskhub.revoke_key('CI') $$, 'a key is revoked, by its name in any case of letters');
select results_eq($$ select h.name, k.revoked_at is not null from taskhub.keys k join taskhub.hubs h using (hub_id) order by 1 $$,
    $$ values ('PgTapHub' collate "C", true), ('PgTapOther', false) $$, 'that of the other hub stays');
select throws_ok($$ select taskhub.revoke_key('ci') $$, 'TH001', null, 'it is revoked once');
select lives_ok($$ select taskhub.create_key('ci', 'system', sha256('b')) $$, 'its name is free again');
select lives_ok($$ select taskhub.revoke_key('ci') $$, 'for a key that can be revoked in turn');

create temporary table before as select hub_id, secret from taskhub.hub_secrets;
select lives_ok($$ select taskhub.revoke_key('durabletask_extension') $$, 'the key in the URLs is replaced');
select results_eq($$ select h.name, s.secret = b.secret from taskhub.hub_secrets s join before b using (hub_id)
    join taskhub.hubs h using (hub_id) where h.name like 'PgTap%' order by 1 $$,
    $$ values ('PgTapHub' collate "C", false), ('PgTapOther', true) $$, 'by a new secret of that hub alone');
delete from taskhub.hub_secrets;
select lives_ok($$ select taskhub.revoke_key('DURABLETASK_EXTENSION') $$, 'a hub that has lost its secret');
select is((select count(*) from taskhub.hub_secrets), 1::bigint, 'gets one');

select * from finish();
rollback;
