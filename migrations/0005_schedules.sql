-- Schedules: orchestrations that start by the clock. One row each; next_at is null while it is disabled or has no time left.
create table taskhub.schedules (
    hub_id           int not null,
    name             text collate "C" not null,
    expression       text not null,
    time_zone        text not null,
    orchestrator     text not null,
    input            text,
    overlap          text not null check (overlap in ('allow', 'skip', 'replace')),
    missed           text not null check (missed in ('skip', 'once', 'all')),
    missed_limit     int not null check (missed_limit between 1 and 1000),
    enabled          boolean not null,
    next_at          timestamptz,
    last_at          timestamptz,
    last_instance_id text collate "C",
    problem          text,
    retry_at         timestamptz,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    primary key (hub_id, name)
);
create index schedules_due on taskhub.schedules (hub_id, next_at) where next_at is not null;
