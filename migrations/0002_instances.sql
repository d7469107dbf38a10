-- Instances, and the history of their executions: one row an episode.
create table taskhub.instances (
    partition_id        int not null,
    instance_id         text collate "C" not null,
    start_id            uuid not null,
    execution_id        uuid not null,
    status              smallint not null,
    is_entity           boolean not null default false,
    name                text not null,
    version             text,
    input               text,
    output              text,
    failure             text,
    custom_status       text,
    tags                text,
    parent_instance_id  text collate "C",
    parent_execution_id uuid,
    parent_ref          int,
    executor            text,
    priority            smallint not null default 0,
    scheduled_start     timestamptz,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    completed_at        timestamptz,
    state               text,
    lock_holder         text,
    last_operation_at   timestamptz,
    primary key (partition_id, instance_id)
) with (fillfactor = 70); -- room for the next version in the page: no index is on what changes

create table taskhub.history (
    partition_id int not null,
    instance_id  text collate "C" not null,
    execution_id uuid not null,
    episode      int not null,
    first_seq    int not null,
    at           timestamptz not null,
    events       json not null,
    memo         text,
    primary key (partition_id, instance_id, execution_id, episode)
);
