-- taskhub.new_secret()
--
-- Inner: 32 bytes for taskhub.hub_secrets, 244 of their bits from the server's strong source of randomness.
create or replace function taskhub.new_secret()
returns bytea language sql volatile as $$
    select uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
$$;
comment on function taskhub.new_secret() is 'Inner: a random secret for a hub.';
