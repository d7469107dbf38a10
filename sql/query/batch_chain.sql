-- The chain of a batch: number n of the partition's term goes in only if number n - 1 of that term is there. Number n - 64
-- goes out, unless it opens a term. Arrays: partition ids, numbers, terms; then how many.
with given as (
    select p, n, t from unnest($1::int[], $2::bigint[], $3::bigint[]) u(p, n, t)
), pruned as (
    delete from taskhub.commits c using given g
    where c.partition_id = g.p and c.commit_no = g.n - 64 and c.commit_no <> c.term
), linked as (
    insert into taskhub.commits (partition_id, commit_no, term)
    select p, n, t from given g
    where exists (select from taskhub.commits c
                  where c.partition_id = g.p and c.commit_no = g.n - 1 and c.term = g.t)
    returning 1
)
select taskhub.expect(count(*), $4::bigint) from linked
