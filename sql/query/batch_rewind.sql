-- Rewinds: an instance that failed goes on as its next execution; the earlier one's history stays. The row is Pending already
-- where a client asked for it, still Failed where a parent did. A parent's new link comes along, or nulls. Arrays: partition,
-- id, start, next and failed execution, link; then how many.
with rewound as (
    update taskhub.instances i
    set execution_id = u.execution_id,
        parent_execution_id = coalesce(u.parent_execution, i.parent_execution_id),
        parent_ref = coalesce(u.parent_ref, i.parent_ref),
        status = 6,
        output = null,
        failure = null,
        completed_at = null,
        updated_at = now()
    from unnest($1::int[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::int[])
         u(p, id, start_id, execution_id, was, parent_execution, parent_ref)
    where i.partition_id = u.p and i.instance_id = u.id and i.start_id = u.start_id and i.execution_id = u.was
      and i.status in (3, 6)
    returning 1
)
select taskhub.expect(count(*), $8::bigint) from rewound
