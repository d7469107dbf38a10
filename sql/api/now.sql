-- taskhub.now()
--
-- The clock of the SQL functions: the start of the transaction, or the setting taskhub.now, with which a test
-- sets the clock. Due times are never judged by it: owners compare with the database's own now() (protocol T2).
-- Errors: 22007 the setting is not a time. Tables: none.
create or replace function taskhub.now()
returns timestamptz language sql stable as $$
    select coalesce(nullif(current_setting('taskhub.now', true), '')::timestamptz, pg_catalog.now())
$$;
comment on function taskhub.now() is
    'The clock of the SQL functions: start of the transaction, or the setting taskhub.now (for tests).';
