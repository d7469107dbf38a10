-- taskhub.kind_name(kind)
--
-- The kind of message or event that a number of inbox.kind stands for; null for an unknown number.
-- Errors: none. Tables: none.
create or replace function taskhub.kind_name(p_kind int)
returns text language sql immutable strict as $$
    select case p_kind
        when 3 then 'ExecutionStarted'
        when 4 then 'ExecutionCompleted'
        when 5 then 'ExecutionTerminated'
        when 6 then 'TaskScheduled'
        when 7 then 'TaskCompleted'
        when 8 then 'TaskFailed'
        when 9 then 'SubOrchestrationInstanceCreated'
        when 10 then 'SubOrchestrationInstanceCompleted'
        when 11 then 'SubOrchestrationInstanceFailed'
        when 12 then 'TimerCreated'
        when 13 then 'TimerFired'
        when 14 then 'OrchestratorStarted'
        when 16 then 'EventSent'
        when 17 then 'EventRaised'
        when 21 then 'ExecutionSuspended'
        when 22 then 'ExecutionResumed'
        when 23 then 'EntityOperationSignaled'
        when 24 then 'EntityOperationCalled'
        when 25 then 'EntityOperationCompleted'
        when 26 then 'EntityOperationFailed'
        when 27 then 'EntityLockRequested'
        when 28 then 'EntityLockGranted'
        when 29 then 'EntityUnlockSent'
        when 30 then 'ExecutionRewound'
        when 100 then 'EpisodeAnswered'
    end
$$;
comment on function taskhub.kind_name(int) is 'The kind of message that a number of inbox.kind stands for.';
