-- Sub-orchestrations, live or finished, whose parent was rewound: their answers go to its next execution. Arrays: partition, id,
-- start, the parent's execution and event; then how many.
with linked as (
    update taskhub.instances i
    set parent_execution_id = u.parent_execution, parent_ref = u.parent_ref
    from unnest($1::int[], $2::text[], $3::uuid[], $4::uuid[], $5::int[]) u(p, id, start_id, parent_execution, parent_ref)
    where i.partition_id = u.p and i.instance_id = u.id and i.start_id = u.start_id
    returning 1
)
select taskhub.expect(count(*), $6::bigint) from linked
