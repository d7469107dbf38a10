-- What dead or unknown workers hold in a partition (protocol A5): comes free with one crash more, or, at the limit, is
-- answered as failed. Partition, this worker, limit. Returns how many came free, how many failed, and how many are left because
-- somebody has locked them: a SQL activity whose session has outlived its process, and which may still complete it.
with held as (
    select a.partition_id, a.id, a.claimed_by, a.crashes
    from taskhub.activities a
    left join taskhub.workers w on w.worker_id = a.claimed_by
    where a.partition_id = $1::int and a.claimed_by is not null and a.claimed_by <> $2::int
      and (w.worker_id is null or w.dead_at is not null)
), had as (
    select a.partition_id, a.id, h.crashes
    from held h
    join taskhub.activities a on a.partition_id = h.partition_id and a.id = h.id and a.claimed_by = h.claimed_by
    for update of a skip locked
), freed as (
    update taskhub.activities a set claimed_by = null, claimed_at = null, crashes = a.crashes + 1
    from had h
    where a.partition_id = h.partition_id and a.id = h.id and h.crashes + 1 < $3::int
    returning 1
), poisoned as (
    delete from taskhub.activities a using had h
    where a.partition_id = h.partition_id and a.id = h.id and h.crashes + 1 >= $3::int
    returning a.partition_id, a.instance_id, a.start_id, a.execution_id, a.seq, a.name, a.crashes
), answered as (
    insert into taskhub.inbox (partition_id, instance_id, start_id, execution_id, kind, ref, body)
    select p.partition_id, p.instance_id, p.start_id, p.execution_id, 8, p.seq,
           json_build_object('failure', json_build_object(
               'type', 'PoisonActivity',
               'message', format('activity "%s" was given up: its worker died %s times while it ran', p.name, p.crashes + 1)))::text
    from poisoned p
    returning 1
)
select (select count(*) from freed), (select count(*) from answered),
       (select count(*) from held) - (select count(*) from had)
