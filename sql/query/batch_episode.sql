-- Episodes for another process (protocol O6): 1 an orchestrator's, 2 an entity's. `input` holds their events, `messages` the
-- numbers of the messages that these are of, which are held until the answer comes; task_id is the number of the episode.
insert into taskhub.activities (partition_id, id, kind, instance_id, start_id, execution_id, seq, task_id, name, version,
                                input, messages)
select * from unnest($1::int[], $2::bigint[], $3::smallint[], $4::text[], $5::uuid[], $6::uuid[], $7::int[], $8::int[],
                     $9::text[], $10::text[], $11::text[], $12::text[])
