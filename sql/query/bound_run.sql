-- Runs a claimed SQL activity and completes it, in the one transaction of this statement. Hub id, name, partition, id, claim number.
select taskhub.perform_activity($1::int, $2::text, $3::int, $4::bigint, $5::int, pg_catalog.current_setting('search_path'))
