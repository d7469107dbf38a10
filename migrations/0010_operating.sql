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

-- Those that failed are few and asked for; an instance that does not fail never touches this.
create index instances_failed on taskhub.instances (partition_id, instance_id) where failure is not null;
