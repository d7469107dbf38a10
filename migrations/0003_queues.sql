-- The two queues: messages to instances, and activities. Rows come and go by the thousand a second: vacuum early, and
-- without pauses.
create table taskhub.inbox (
    partition_id int not null,
    due          timestamptz not null default '-infinity',
    message_no   bigint generated always as identity (cache 1),
    instance_id  text collate "C" not null,
    start_id     uuid,
    execution_id uuid,
    kind         smallint not null,
    name         text,
    ref          int,
    message_id   text,
    attempts     smallint not null default 0,
    payload      text,
    body         text,
    sent_at      timestamptz not null default clock_timestamp(),
    primary key (partition_id, due, message_no)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
create index inbox_held on taskhub.inbox (partition_id, instance_id, message_no) where due = 'infinity';

create table taskhub.activities (
    partition_id int not null,
    id           bigint not null,
    kind         smallint not null default 0,
    instance_id  text collate "C" not null,
    start_id     uuid not null,
    execution_id uuid not null,
    seq          int not null,
    task_id      int not null,
    name         text not null,
    version      text,
    orch_version text,
    input        text,
    tags         text,
    trace        text,
    attempt      int not null default 1,
    priority     smallint not null default 0,
    due          timestamptz not null default '-infinity',
    claimed_by   int,
    claimed_at   timestamptz,
    claim_no     int not null default 0,
    crashes      smallint not null default 0,
    created_at   timestamptz not null default now(),
    primary key (partition_id, id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
create index activities_unclaimed on taskhub.activities (partition_id, due, id) where claimed_by is null;
