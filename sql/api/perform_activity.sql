-- taskhub.perform_activity(hub_id, name, partition_id, id, claim_no, search_path)
--
-- Inner. Runs a claimed activity whose name is bound to a function, and completes it, in the transaction of the caller, which
-- is one statement long: either all of it happens, or nothing. The row goes first and so is the lock: whoever comes
-- second, with the same claim over another connection or with a later one, waits here and then finds no row.
-- Returns what became of it:
--   done     the function has run, its result is in the inbox
--   dropped  it has not run, since the instance has finished meanwhile; the row is gone
--   stale    that claim is no longer current, or it was done before
--   unbound  the name is not bound (any longer); nothing has happened
-- Errors: TH007 input or result are not JSON; whatever the function raises, and then nothing has happened.
-- Tables: reads sql_activities; deletes from activities; reads instances; those of the function; writes inbox.
create or replace function taskhub.perform_activity(
    p_hub_id int, p_name text, p_partition_id int, p_id bigint, p_claim_no int, p_search_path text)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_bound taskhub.sql_activities;
    v_act record;
    v_result text;
begin
    select * into v_bound from taskhub.sql_activities where hub_id = p_hub_id and name_key = lower(p_name collate "C");
    if not found then
        return 'unbound';
    end if;

    delete from taskhub.activities
    where partition_id = p_partition_id and id = p_id and claim_no = p_claim_no
    returning instance_id, start_id, execution_id, seq, input into v_act;
    if not found then
        return 'stale';
    end if;
    if not exists (select from taskhub.instances
                   where partition_id = p_partition_id and instance_id = v_act.instance_id
                     and start_id = v_act.start_id and not taskhub.is_finished(status)) then
        return 'dropped';
    end if;

    v_result := taskhub.call_bound(v_bound, v_act.input, p_search_path);
    insert into taskhub.inbox (partition_id, instance_id, start_id, execution_id, kind, ref, payload)
    values (p_partition_id, v_act.instance_id, v_act.start_id, v_act.execution_id, 7, v_act.seq, v_result);
    return 'done';
end
$$;
comment on function taskhub.perform_activity(int, text, int, bigint, int, text) is
    'Inner: runs a claimed activity whose name is bound to a function, together with its completion.';
