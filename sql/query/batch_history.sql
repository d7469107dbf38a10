-- One row an episode; the primary key is a fence of its own.
insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, at, events, memo)
select * from unnest($1::int[], $2::text[], $3::uuid[], $4::int[], $5::int[], $6::timestamptz[], $7::json[], $8::text[])
