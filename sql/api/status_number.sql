-- taskhub.status_number(name)
--
-- The number in instances.status of a runtime status, spelled in any case; null for an unknown name.
-- Errors: none. Tables: none.
create or replace function taskhub.status_number(p_name text)
returns int language sql immutable strict as $$
    select array_position(array['running', 'completed', 'continuedasnew', 'failed', 'canceled', 'terminated',
                                'pending', 'suspended'], lower(p_name)) - 1
$$;
comment on function taskhub.status_number(text) is 'The number in instances.status of a runtime status.';
