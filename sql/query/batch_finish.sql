-- Activities whose completion the batch records: the claim number is the token. Then how many.
with gone as (
    delete from taskhub.activities a
    using unnest($1::int[], $2::bigint[], $3::int[]) u(p, id, claim_no)
    where a.partition_id = u.p and a.id = u.id and a.claim_no = u.claim_no
    returning 1
)
select taskhub.expect(count(*), $4::bigint) from gone
