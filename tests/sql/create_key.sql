-- taskhub.create_key: names, kinds, hashes; and who may see secrets and hashes.
begin;
\ir helpers/taskhub_test.sql
select plan(33);
select taskhub_test.given_hub();
select taskhub.create_hub('PgTapOther');

select lives_ok($$ select taskhub.create_key('ci', 'system', sha256('secret')) $$, 'a key is let in');
select results_eq($$ select k.name, k.kind, k.hash, k.revoked_at from taskhub.keys k join taskhub.hubs h using (hub_id)
    where h.name = 'PgTapHub' $$, $$ values ('ci' collate "C", 'system', sha256('secret'), null::timestamptz) $$, 'as it was given');
select lives_ok(format('select taskhub.create_key(%L, %L, sha256(%L))', kind || '-key', kind, kind), format('there are %s keys', kind))
from unnest(array['master', 'system', 'function']) kind;
select throws_ok($$ select taskhub.create_key('CI', 'master', sha256('other')) $$, 'TH003', 'hub "PgTapHub" already has a key "CI"',
    'a name is taken in any case of letters');
select lives_ok($$ select taskhub.create_key('ci', 'system', sha256('secret'), 'pgtapother') $$, 'another hub has names of its own');
select throws_ok($$ select taskhub.create_key('ci2', 'system', sha256('x'), 'Nowhere') $$, 'TH006', null, 'an unknown hub is refused');

select throws_like(format('select taskhub.create_key(%L, ''system'', sha256(''x''))', name), 'name: must be 1 to 64 %',
    format('no key can be called %L', name))
from unnest(array[null, '', '-a', '.a', 'a b', 'a/b', 'schlüssel', repeat('a', 65)]) name;
select throws_ok(format('select taskhub.create_key(%L, ''master'', sha256(''x''))', name), 'TH006', null,
    format('nor %L, which is the hub''s own', name))
from unnest(array['durabletask_extension', 'DurableTask_Extension']) name;
select throws_ok(format('select taskhub.create_key(''k'', %L, sha256(''x''))', kind), 'TH006', 'kind: must be master, system or function',
    format('%L is no kind', kind))
from unnest(array[null, '', 'System', 'host']) kind;
select throws_ok(format('select taskhub.create_key(''k'', ''system'', %L)', hash), 'TH006', 'hash: must be the 32 bytes of a SHA-256',
    format('%L is no hash', hash))
from unnest(array[null, '', '\x00']) hash;

-- Secrets and hashes are for those who serve the hub.
select is(taskhub_test.state_as(r, 'select * from taskhub.' || t), '42501', format('%s does not read %s', r, t))
from unnest(array['taskhub_reader', 'taskhub_client']) r, unnest(array['hub_secrets', 'keys']) t;
select is(taskhub_test.state_as(r, 'select * from taskhub.hub_secrets, taskhub.keys'), '00000', format('%s does', r))
from unnest(array['taskhub_worker', 'taskhub_admin']) r;
select is(taskhub_test.state_as(r, sql), '42501', format('%s may not %s', r, sql))
from unnest(array['taskhub_client']) r, unnest(array[$$select taskhub.create_key('mine', 'master', sha256('x'))$$,
    $$select taskhub.revoke_key('ci')$$]) sql;

select * from finish();
rollback;
