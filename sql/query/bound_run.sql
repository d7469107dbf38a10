-- Runs a claimed SQL activity and completes it, in the one transaction of this statement. Hub id, name, partition, id, claim number.
--
-- Its commit does not wait for the disk. The result goes on only with the owner's commit, which comes later in the log, does
-- wait, and so takes this one along. What a crash of the server loses before that, it loses whole: the claim is there again,
-- and the activity is run once more (protocol A8). A function that wants to wait sets synchronous_commit itself.
select taskhub.perform_activity($1::int, $2::text, $3::int, $4::bigint, $5::int, pg_catalog.current_setting('search_path'))
from pg_catalog.set_config('synchronous_commit', 'off', true)
