-- Status changes of live instances. custom_op: 0 leave, 1 clear, 2 set. Arrays in order of the key; then how many.
with changed as (
    update taskhub.instances i
    set status = u.status,
        output = u.output,
        failure = u.failure,
        custom_status = case u.custom_op when 0 then i.custom_status else u.custom_status end,
        executor = coalesce(u.executor, i.executor),
        updated_at = now(),
        completed_at = case when u.status in (1, 3, 4, 5) then now() end
    from unnest($1::int[], $2::text[], $3::uuid[], $4::smallint[], $5::text[], $6::text[], $7::smallint[],
                $8::text[], $9::text[])
         u(p, id, start_id, status, output, failure, custom_op, custom_status, executor)
    where i.partition_id = u.p and i.instance_id = u.id and i.start_id = u.start_id
      and i.status in (0, 2, 6, 7)
    returning 1
)
select taskhub.expect(count(*), $10::bigint) from changed
