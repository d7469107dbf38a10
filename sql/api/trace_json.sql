-- taskhub.trace_json(traceparent, tracestate)
--
-- Inner. A trace context (W3C Trace Context) as events have it, JSON text; null without a traceparent.
-- Errors: TH006 bad traceparent or tracestate. Tables: none.
create or replace function taskhub.trace_json(p_traceparent text, p_tracestate text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
begin
    if p_traceparent is null then
        return null;
    end if;
    if p_traceparent !~ '^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$' then
        raise exception 'traceparent: must be version, trace id, parent id and flags of W3C Trace Context, in hexadecimal'
            using errcode = 'TH006';
    end if;
    if p_tracestate !~ '^[ -~]*$' or char_length(p_tracestate) > 512 then
        raise exception 'tracestate: must have at most 512 characters, all of printable ASCII' using errcode = 'TH006';
    end if;
    return json_strip_nulls(json_build_object('parent', p_traceparent, 'state', nullif(p_tracestate, '')))::text;
end
$$;
comment on function taskhub.trace_json(text, text) is 'Inner: a trace context as events have it.';
