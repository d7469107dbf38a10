-- taskhub.create_key(name, kind, hash, hub)
--
-- Lets an access key in: kind is master, system or function, hash the SHA-256 of the key, which itself is known to its
-- holder alone. Running processes accept it within a second or two. Returns its number. `taskhub key create` makes the
-- key and calls this.
-- Errors: TH003 the hub has a key of that name that is not revoked; TH006 no such hub, bad name, kind or hash.
-- Tables: reads hubs, writes keys.
create or replace function taskhub.create_key(p_name text, p_kind text, p_hash bytea, p_hub text default null)
returns int language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_hub taskhub.hubs := taskhub.resolve_hub(p_hub);
    v_key_id int;
begin
    if p_name is null or p_name collate "C" !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' then
        raise exception 'name: must be 1 to 64 letters, digits and ".", "_", "-", beginning with a letter or digit'
            using errcode = 'TH006';
    end if;
    if lower(p_name collate "C") = 'durabletask_extension' then
        raise exception 'name: "durabletask_extension" is the key that every hub has' using errcode = 'TH006';
    end if;
    if p_kind is null or p_kind not in ('master', 'system', 'function') then
        raise exception 'kind: must be master, system or function' using errcode = 'TH006';
    end if;
    if p_hash is null or octet_length(p_hash) <> 32 then
        raise exception 'hash: must be the 32 bytes of a SHA-256' using errcode = 'TH006';
    end if;

    insert into taskhub.keys (hub_id, name, kind, hash, created_at)
    values (v_hub.hub_id, p_name, p_kind, p_hash, taskhub.now())
    on conflict (hub_id, lower(name)) where revoked_at is null do nothing
    returning key_id into v_key_id;
    if v_key_id is null then
        raise exception 'hub "%" already has a key "%"', v_hub.name, p_name using errcode = 'TH003';
    end if;
    perform taskhub.note_act(v_hub, 'create_key', null, jsonb_build_object('name', p_name, 'kind', p_kind));
    return v_key_id;
end
$$;
comment on function taskhub.create_key(text, text, bytea, text) is
    'Lets an access key in, by name, kind (master, system or function) and SHA-256.';
