-- transfer.sql - accounts, and the functions that the app's activities are.
create schema bank;
create table bank.accounts (
    account text primary key,
    balance numeric not null check (balance >= 0)
);
insert into bank.accounts values ('alice', 100), ('bob', 0);

-- Adds an amount (which may be negative) and returns the new balance.
create function bank.book(p_account text, p_amount numeric) returns numeric language plpgsql as $$
declare
    v_balance numeric;
begin
    update bank.accounts set balance = balance + p_amount where account = p_account returning balance into v_balance;
    if not found then
        raise exception 'no account %', p_account using errcode = 'BK001';
    end if;
    return v_balance;
end
$$;

create function bank.withdraw(p_input jsonb) returns numeric language sql as $$
    select bank.book(p_input ->> 'account', - (p_input ->> 'amount')::numeric)
$$;
create function bank.deposit(p_input jsonb) returns numeric language sql as $$
    select bank.book(p_input ->> 'account', (p_input ->> 'amount')::numeric)
$$;

select taskhub.create_activity('Withdraw', 'bank.withdraw(jsonb)'), taskhub.create_activity('Deposit', 'bank.deposit(jsonb)');
