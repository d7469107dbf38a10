-- taskhub.check_name: not empty, not too long.
begin;
\ir helpers/taskhub_test.sql
select plan(5);

select lives_ok($$ select taskhub.check_name('x', 'a') $$, 'a name passes');
select lives_ok($$ select taskhub.check_name('x', repeat('🚀', 256)) $$, '256 characters pass');
select throws_ok($$ select taskhub.check_name('x', '') $$, 'TH006', 'x: must not be empty', 'empty does not');
select throws_ok($$ select taskhub.check_name('x', null) $$, 'TH006', 'x: must not be empty', 'null does not');
select throws_ok($$ select taskhub.check_name('x', repeat('a', 257)) $$, 'TH006',
    'x: must not be longer than 256 characters, has 257', '257 do not');

select * from finish();
rollback;
