-- Episodes and operations for another process among the activities, and the names that a hub has known.
-- min_program: 2
alter table taskhub.activities add column messages text;
drop index taskhub.activities_unclaimed;
create index activities_unclaimed on taskhub.activities (partition_id, due, id) where claimed_by is null and kind = 0;
create index episodes_unclaimed on taskhub.activities (partition_id, due, id) where claimed_by is null and kind <> 0;
create unique index episodes_open on taskhub.activities (partition_id, instance_id) where kind <> 0;

create table taskhub.names (
    hub_id   int not null,
    kind     text not null check (kind in ('orchestrator', 'activity', 'entity')),
    name     text collate "C" not null,
    known_at timestamptz not null default now(),
    primary key (hub_id, kind, name)
);
insert into taskhub.names (hub_id, kind, name)
select hub_id, 'orchestrator', lower(unnest(orchestrators) collate "C") from taskhub.workers
union
select hub_id, 'activity', lower(unnest(activities) collate "C") from taskhub.workers
union
select hub_id, 'entity', lower(unnest(entities) collate "C") from taskhub.workers;
