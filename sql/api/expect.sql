-- taskhub.expect(got, want)
--
-- Ends the transaction with TH409 unless both numbers are equal: an owner's batch asserts its row counts on the
-- server, because the client sees them only after the COMMIT.
-- Errors: TH409. Tables: none.
create or replace function taskhub.expect(p_got bigint, p_want bigint)
returns void language plpgsql immutable set search_path = pg_catalog as $$
begin
    if p_got is distinct from p_want then
        raise exception 'expected % rows, found %', p_want, p_got using errcode = 'TH409';
    end if;
end
$$;
comment on function taskhub.expect(bigint, bigint) is 'Ends the transaction with TH409 unless both numbers are equal.';
