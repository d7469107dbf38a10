-- taskhub.is_finished(status)
--
-- Whether an instance in that status has finished: Completed, Failed, Canceled, Terminated. Its row then belongs to
-- whoever finds it so, and no longer to the partition's owner (protocol, 8).
-- Errors: none. Tables: none.
create or replace function taskhub.is_finished(p_status int)
returns boolean language sql immutable as $$
    select p_status in (1, 3, 4, 5)
$$;
comment on function taskhub.is_finished(int) is
    'Whether a number of instances.status means finished: Completed, Failed, Canceled or Terminated.';
