-- Operating: a hub can be paused, and what people do by hand is written down.
alter table taskhub.hubs
    add column paused_at    timestamptz,
    add column paused_by    text,
    add column pause_reason text,
    add column resumed_at   timestamptz;

create table taskhub.audit (
    audit_id    bigint generated always as identity primary key,
    at          timestamptz not null,
    hub_id      int,
    hub         text not null,
    act         text not null,
    instance_id text collate "C",
    arguments   jsonb not null,
    db_user     text not null,
    key_name    text,
    client      text
);
create index audit_hub_at on taskhub.audit (hub_id, at);
create index audit_instance on taskhub.audit (hub_id, instance_id, at) where instance_id is not null;

-- Passes over the finished instances of a hub, in small commits: purges that somebody asked for, and the hub's retention.
create table taskhub.purges (
    purge_id        bigint generated always as identity primary key,
    hub_id          int not null,
    kind            text not null check (kind in ('asked', 'retention')),
    created_from    timestamptz not null default '-infinity',
    created_to      timestamptz not null default 'infinity',
    statuses        int[] not null,
    completed_until jsonb,
    recursive       boolean not null,
    asked_at        timestamptz not null,
    asked_by        text not null,
    after_partition int not null,
    after_id        text collate "C" not null,
    deleted         bigint not null default 0,
    updated_at      timestamptz not null,
    finished_at     timestamptz
);
create index purges_hub on taskhub.purges (hub_id, kind, purge_id);
