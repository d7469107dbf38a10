-- Continue as new: a live instance gets its next execution and input; the earlier execution's history goes, unless it is to stay.
with given as (
    select * from unnest($1::int[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::smallint[])
                  u(p, id, start_id, execution_id, input, version, keep)
), gone as (
    delete from taskhub.history h using given u
    where h.partition_id = u.p and h.instance_id = u.id and h.execution_id <> u.execution_id and u.keep is null
), changed as (
    update taskhub.instances i
    set execution_id = u.execution_id,
        input = u.input,
        version = coalesce(u.version, i.version),
        status = 0,
        updated_at = now()
    from given u
    where i.partition_id = u.p and i.instance_id = u.id and i.start_id = u.start_id
      and i.status in (0, 2, 6, 7)
    returning 1
)
select taskhub.expect(count(*), $8::bigint) from changed
