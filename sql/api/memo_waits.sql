-- taskhub.memo_waits(memo)
--
-- Inner. Whether the memo of an episode says that its orchestrator waits for events: {"waits":["name", ...]} with at
-- least one name, as the native executor writes it. Memos of other executors may be any text.
-- Errors: none. Tables: none.
create or replace function taskhub.memo_waits(p_memo text)
returns boolean language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    v_waits json;
begin
    if p_memo is null or p_memo not like '%"waits"%' then
        return false;
    end if;
    v_waits := p_memo::json -> 'waits';
    return coalesce(json_typeof(v_waits) = 'array' and json_array_length(v_waits) > 0, false);
exception when data_exception or statement_too_complex then
    return false;
end
$$;
comment on function taskhub.memo_waits(text) is
    'Inner: whether the memo of an episode says that its orchestrator waits for events.';
