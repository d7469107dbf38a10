-- taskhub.status_name(status)
--
-- The runtime status that a number of instances.status stands for; null for an unknown number.
-- Errors: none. Tables: none.
create or replace function taskhub.status_name(p_status int)
returns text language sql immutable strict as $$
    select (array['Running', 'Completed', 'ContinuedAsNew', 'Failed', 'Canceled', 'Terminated', 'Pending',
                  'Suspended'])[p_status + 1]
$$;
comment on function taskhub.status_name(int) is 'The runtime status that a number of instances.status stands for.';
