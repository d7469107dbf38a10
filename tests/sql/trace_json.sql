-- taskhub.trace_json: what is no trace context is refused, and others are one object.
begin;
\ir helpers/taskhub_test.sql
select plan(13);

select is(taskhub.trace_json(null, 'a=1'), null, 'without a traceparent there is none');
select is(taskhub.trace_json('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', v)::jsonb, wanted::jsonb, 'both are one object')
from (values (null, '{"parent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}'),
             ('', '{"parent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}'),
             ('a="1"', '{"parent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","state":"a=\"1\""}')) t(v, wanted);
select throws_ok(format('select taskhub.trace_json(%L, null)', v), 'TH006',
    'traceparent: must be version, trace id, parent id and flags of W3C Trace Context, in hexadecimal', format('%L is none', v))
from unnest(array['', 'x', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01']) v;
select throws_ok(format('select taskhub.trace_json(%L, %L)', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', v), 'TH006',
    'tracestate: must have at most 512 characters, all of printable ASCII', 'so is such a state')
from unnest(array[repeat('a', 513), E'a\nb', 'é']) v;

select * from finish();
rollback;
