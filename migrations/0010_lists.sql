-- Lists of few among many instances: those that live, and those that were created in a span of time.
--
-- An update stays in its page as long as no index is on what it changes. Of what the first is on, only the end of an
-- instance changes anything; of the second, only a start under the same id. Neither can look up a row by its key, so that
-- the planner takes neither for the primary key where it knows nothing of the table yet.
create index instances_live on taskhub.instances (partition_id, instance_id) where completed_at is null;
create index instances_created on taskhub.instances (created_at, partition_id);
