-- taskhub.cron_field(field, text, min, max, names)
--
-- Inner. The values that one field of a cron expression allows, sorted: a list of *, values, ranges a-b, each with a
-- step /n if wanted; a value with a step goes on to the end. ? is * and stands alone, in the fields of days. Where 7 is
-- the largest, it is another word for 0: Sunday.
-- Errors: TH006 names the field and what is wrong in it. Tables: none.
create or replace function taskhub.cron_field(
    p_field text, p_text text, p_min int, p_max int, p_names text[] default null)
returns int[] language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    c_one constant text := '^(?:([*])|([0-9]{1,4}|[a-z]+)(?:-([0-9]{1,4}|[a-z]+))?)(?:/([0-9]{1,4}))?$';
    v_last constant int := case p_max when 7 then 6 else p_max end;
    v_part text;
    v_parts text[];
    v_from int;
    v_to int;
    v_step int;
    v_values int[] := '{}';
begin
    if p_text = '?' and p_field like 'day%' then
        return array(select generate_series(p_min, v_last));
    end if;
    foreach v_part in array string_to_array(lower(p_text collate "C"), ',') loop
        v_parts := regexp_match(v_part, c_one);
        if v_parts is null then
            raise exception 'expression: the field "%" can''t be "%"', p_field, v_part using errcode = 'TH006',
                hint = 'A field is a list of *, values and ranges, each with /step if wanted.';
        end if;
        v_step := coalesce(v_parts[4]::int, 1);
        if v_step = 0 then
            raise exception 'expression: the field "%" has a step of 0', p_field using errcode = 'TH006';
        end if;

        if v_parts[1] is not null then
            v_from := p_min;
            v_to := v_last;
        else
            v_from := taskhub.cron_value(p_field, v_parts[2], p_min, p_max, p_names);
            v_to := case
                when v_parts[3] is not null then taskhub.cron_value(p_field, v_parts[3], p_min, p_max, p_names)
                when v_parts[4] is not null then greatest(v_from, v_last)
                else v_from end;
            if v_to = 0 and v_from > 0 and p_max = 7 then
                v_to := 7; -- to Sunday
            end if;
        end if;
        if v_from > v_to then
            raise exception 'expression: the field "%" has a range that runs backwards: "%"', p_field, v_part
                using errcode = 'TH006';
        end if;
        v_values := v_values || array(select generate_series(v_from, v_to, v_step));
    end loop;
    return array(select distinct case p_max when 7 then v % 7 else v end as value from unnest(v_values) v order by value);
end
$$;
comment on function taskhub.cron_field(text, text, int, int, text[]) is
    'Inner: the values that one field of a cron expression allows.';
