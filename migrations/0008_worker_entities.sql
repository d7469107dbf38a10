-- What a worker process can run: its entities, too.
alter table taskhub.workers add column entities text[] not null default '{}';
