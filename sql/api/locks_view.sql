-- taskhub.locks_view: who holds the advisory locks of the two kinds that say who is alive (protocol S3). It has a file of
-- its own because other views stand on it, and files are applied in the order of their names.
create or replace view taskhub.locks_view as
select case l.classid when 1952972801::oid then 'pen' else 'worker' end as class, l.objid::bigint::int as id, l.pid
from pg_catalog.pg_locks l
where l.locktype = 'advisory' and l.objsubid = 2 and l.mode = 'ExclusiveLock' and l.granted
  and l.classid in (1952972801::oid, 1952972802::oid)
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database());
comment on view taskhub.locks_view is
    'Sessions that hold the lock of a partition (class pen) or of a worker process (class worker).';
