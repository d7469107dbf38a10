-- taskhub.revoke_key(name, hub)
--
-- Ends an access key: running processes refuse it within a second or two. The name is free again. Of the key
-- durabletask_extension, which stands in the URLs that a hub gives out, a new one takes the place at once.
-- Errors: TH001 the hub has no key of that name that is not revoked; TH006 no such hub, no name.
-- Tables: reads hubs, writes hub_secrets or keys.
create or replace function taskhub.revoke_key(p_name text, p_hub text default null)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
begin
    if p_name is null then
        raise exception 'name: must not be null' using errcode = 'TH006';
    end if;
    perform taskhub.note_act(v_hub, 'revoke_key', null, jsonb_build_object('name', p_name));
    if lower(p_name collate "C") = 'durabletask_extension' then
        insert into taskhub.hub_secrets (hub_id, secret, created_at)
        values (v_hub.hub_id, taskhub.new_secret(), taskhub.now())
        on conflict (hub_id) do update set secret = excluded.secret, created_at = excluded.created_at;
        return;
    end if;

    update taskhub.keys set revoked_at = taskhub.now()
    where hub_id = v_hub.hub_id and lower(name) = lower(p_name collate "C") and revoked_at is null;
    if not found then
        raise exception 'hub "%" has no key "%"', v_hub.name, p_name using errcode = 'TH001';
    end if;
end
$$;
comment on function taskhub.revoke_key(text, text) is
    'Ends an access key; of the key in the hub''s URLs (durabletask_extension) a new one takes the place.';
