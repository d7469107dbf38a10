-- The failed among many instances: lists of them, and taskhub.poisoned. What fails has its failure from here on, be it empty;
-- no other update changes that column, so that no other is made dearer by the index.
update taskhub.instances set failure = '{}' where status = 3 and failure is null;
create index instances_failed on taskhub.instances (partition_id, instance_id) where failure is not null;
