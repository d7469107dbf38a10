-- taskhub.expect: row counts asserted by the server.
begin;
\ir helpers/taskhub_test.sql
select plan(4);

select lives_ok($$ select taskhub.expect(3, 3) $$, 'equal numbers pass');
select lives_ok($$ select taskhub.expect(0, 0) $$, 'none expected, none found');
select throws_ok($$ select taskhub.expect(2, 3) $$, 'TH409', 'expected 3 rows, found 2', 'others end the transaction');
select throws_ok($$ select taskhub.expect(null, 3) $$, 'TH409', null, 'null is not 3');

select * from finish();
rollback;
