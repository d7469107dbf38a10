-- New messages and timers, for any partition, numbered in list order.
insert into taskhub.inbox (partition_id, due, instance_id, start_id, execution_id, kind, name, ref, message_id,
                           payload, body)
select * from unnest($1::int[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[],
                     $8::int[], $9::text[], $10::text[], $11::text[])
