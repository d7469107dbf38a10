-- taskhub.note_act(hub, act, instance_id, arguments)
--
-- Inner. Writes down what somebody does by hand, in the caller's transaction: an act that is rolled back leaves no row.
-- Who: the user of the session; and the access key that came with an HTTP request, which the program says by the setting
-- taskhub.key_name, believed of those only who could write the table themselves. arguments: nulls are left out.
-- Errors: none. Tables: writes audit.
create or replace function taskhub.note_act(p_hub taskhub.hubs, p_act text, p_instance_id text default null,
                                            p_arguments jsonb default '{}')
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into taskhub.audit (at, hub_id, hub, act, instance_id, arguments, db_user, key_name, client)
    values (taskhub.now(), p_hub.hub_id, p_hub.name, p_act, p_instance_id, jsonb_strip_nulls(p_arguments), session_user,
            case when has_table_privilege(session_user, 'taskhub.audit', 'insert')
                 then nullif(current_setting('taskhub.key_name', true), '') end,
            nullif(current_setting('application_name', true), ''));
end
$$;
comment on function taskhub.note_act(taskhub.hubs, text, text, jsonb) is
    'Inner: writes down in taskhub.audit what somebody does by hand.';
