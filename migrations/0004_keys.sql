-- Access keys of the HTTP API, and each hub's secret, from which the key in its URLs is derived.
create table taskhub.hub_secrets (
    hub_id     int primary key,
    secret     bytea not null check (octet_length(secret) >= 16),
    created_at timestamptz not null default now()
);
insert into taskhub.hub_secrets (hub_id, secret)
select hub_id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) from taskhub.hubs;

-- Of a key that somebody made only the hash is here. A revoked one stays, to be listed.
create table taskhub.keys (
    key_id     int generated always as identity primary key,
    hub_id     int not null,
    name       text collate "C" not null,
    kind       text not null check (kind in ('master', 'system', 'function')),
    hash       bytea not null check (octet_length(hash) = 32),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
create unique index keys_live_name on taskhub.keys (hub_id, lower(name)) where revoked_at is null;
