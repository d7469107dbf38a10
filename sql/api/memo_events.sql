-- taskhub.memo_events(memo)
--
-- Inner. The names of the events that an orchestrator waits for, as the memo of its last episode has them (see
-- taskhub.memo_waits); empty if it says nothing of the kind.
-- Errors: none. Tables: none.
create or replace function taskhub.memo_events(p_memo text)
returns text[] language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if not taskhub.memo_waits(p_memo) then
        return '{}';
    end if;
    return array(select distinct e from json_array_elements_text(p_memo::json -> 'waits') e order by e);
end
$$;
comment on function taskhub.memo_events(text) is
    'Inner: the events that an orchestrator waits for, as the memo of its last episode names them.';
