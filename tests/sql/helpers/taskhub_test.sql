-- Helpers of the pgTAP files, made in each file's transaction and gone with it.
set local client_min_messages = warning;
create schema taskhub_test;
grant usage on schema taskhub_test to public;

-- A hub of its own, which is also the default hub of the transaction.
create function taskhub_test.given_hub(p_partitions int default 4) returns void language plpgsql as $$
begin
    perform taskhub.create_hub('PgTapHub', p_partitions);
    perform set_config('taskhub.hub', 'PgTapHub', true);
end
$$;

-- An instance in that status, as an owner would have left it.
create function taskhub_test.given_instance(p_id text, p_status text default 'Running', p_created timestamptz default now())
returns void language sql as $$
    insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, input, created_at,
                                   output, completed_at)
    values (taskhub.partition_of(p_id), p_id, gen_random_uuid(), gen_random_uuid(), taskhub.status_number(p_status),
            'hello', '1', p_created,
            case when taskhub.is_finished(taskhub.status_number(p_status)) then '"done"' end,
            case when taskhub.is_finished(taskhub.status_number(p_status)) then p_created end)
$$;

-- An episode of its present run, with those events.
create function taskhub_test.given_episode(p_id text, p_events json, p_memo text default null, p_episode int default 0,
                                           p_first_seq int default 0)
returns void language sql as $$
    insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, at, events, memo)
    select partition_id, instance_id, execution_id, p_episode, p_first_seq, '2026-01-02 03:04:05Z', p_events, p_memo
    from taskhub.instances where instance_id = p_id
$$;

-- A message of that kind for its present run.
create function taskhub_test.given_message(p_id text, p_kind int, p_due timestamptz default '-infinity',
                                           p_sent timestamptz default clock_timestamp())
returns void language sql as $$
    insert into taskhub.inbox (partition_id, due, instance_id, start_id, kind, sent_at)
    select partition_id, p_due, instance_id, start_id, p_kind, p_sent from taskhub.instances where instance_id = p_id
$$;

-- The messages to an instance, in order.
create function taskhub_test.messages(p_id text)
returns table (kind text, name text, payload text) language sql as $$
    select taskhub.kind_name(m.kind), m.name, m.payload
    from taskhub.inbox m where m.instance_id = p_id order by m.message_no
$$;

-- What a statement comes to when that role runs it: a SQLSTATE, 00000 for success. It leaves no trace.
create function taskhub_test.state_as(p_role text, p_sql text) returns text language plpgsql as $$
begin
    execute format('set local role %I', p_role);
    execute p_sql;
    raise exception using errcode = 'ZZ000';
exception
    when sqlstate 'ZZ000' then return '00000';
    when others then return sqlstate;
end
$$;

-- Another session, to hold locks and listen.
create function taskhub_test.given_session(p_name text) returns void language plpgsql as $$
begin
    create extension if not exists dblink;
    perform dblink_connect(p_name, format('host=%s port=%s dbname=%s user=%s',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(),
        session_user));
end
$$;
