-- taskhub.find_item(instance_id, seq, hub)
--
-- Inner. The activity, queued, parked or running, that an instance's present run scheduled with the event of that
-- number; locked, so that its owner or worker waits for the caller's transaction if it completes meanwhile. A SQL activity
-- that runs has locked it: its transaction is not waited for.
-- Errors: TH004 another transaction has it; TH001 no such instance, or it has no such activity that has not completed; TH006 seq is null.
-- Tables: reads instances; locks a row of activities.
create or replace function taskhub.find_item(p_instance_id text, p_seq int, p_hub taskhub.hubs)
returns taskhub.activities language plpgsql set search_path = pg_catalog, pg_temp set lock_timeout = '1s' as $$
declare
    v_item taskhub.activities;
begin
    if p_seq is null then
        raise exception 'seq: must not be null' using errcode = 'TH006';
    end if;
    select a.* into v_item
    from taskhub.instances i
    join taskhub.activities a on a.partition_id = i.partition_id and a.instance_id = i.instance_id
         and a.execution_id = i.execution_id and a.seq = p_seq and a.kind = 0
    where i.partition_id = taskhub.partition_of(p_instance_id, p_hub.name) and i.instance_id = p_instance_id
    for update of a;
    if not found then
        raise exception 'instance "%" of hub "%" waits for no activity number %', p_instance_id, p_hub.name, p_seq
            using errcode = 'TH001', hint = 'taskhub.activities_view shows those that have not completed, with their seq.';
    end if;
    return v_item;
exception when lock_not_available then
    raise exception 'activity number % of instance "%" is in use: a transaction has it, perhaps its own', p_seq, p_instance_id
        using errcode = 'TH004';
end
$$;
comment on function taskhub.find_item(text, int, taskhub.hubs) is
    'Inner: an activity that has not completed, by instance and number, locked.';
