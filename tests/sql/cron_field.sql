-- taskhub.cron_field: the values that one field allows, and what is refused.
begin;
\ir helpers/taskhub_test.sql
select plan(29);

select is(taskhub.cron_field('minute', text, 0, 59), wanted::int[], text) from (values
    ('5', '{5}'), ('05', '{5}'), ('1,1,1', '{1}'), ('3,1,2', '{1,2,3}'), ('1-4', '{1,2,3,4}'), ('1-9/4', '{1,5,9}'),
    ('50/5', '{50,55}'), ('*/20', '{0,20,40}'), ('58-59,*/30', '{0,30,58,59}'), ('7-7', '{7}')) c(text, wanted);
select is(taskhub.cron_field('day of the week', text, 0, 7, array['sunday', 'monday', 'tuesday', 'wednesday', 'thursday',
    'friday', 'saturday']), wanted::int[], text) from (values
    ('*', '{0,1,2,3,4,5,6}'), ('?', '{0,1,2,3,4,5,6}'), ('7', '{0}'), ('5-7', '{0,5,6}'), ('FRI-SUN', '{0,5,6}'),
    ('sun-sat', '{0,1,2,3,4,5,6}'), ('1/2', '{1,3,5}'), ('0-7', '{0,1,2,3,4,5,6}'), ('Sunday', '{0}')) c(text, wanted);

select throws_ok(format('select taskhub.cron_field(''minute'', %L, 0, 59)', text), 'TH006', message, text) from (values
    ('60', 'expression: the field "minute" goes from 0 to 59, not to 60'),
    ('x', 'expression: the field "minute" has no value "x"'),
    ('-1', 'expression: the field "minute" can''t be "-1"'),
    ('1-', 'expression: the field "minute" can''t be "1-"'),
    ('1,,2', 'expression: the field "minute" can''t be ""'),
    ('*/0', 'expression: the field "minute" has a step of 0'),
    ('*/x', 'expression: the field "minute" can''t be "*/x"'),
    ('9-1', 'expression: the field "minute" has a range that runs backwards: "9-1"'),
    ('?', 'expression: the field "minute" can''t be "?"'),
    ('99999', 'expression: the field "minute" can''t be "99999"')) e(text, message);

select * from finish();
rollback;
