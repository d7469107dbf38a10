-- Whether a worker of that hub has ever had that name. Hub id, kind, name in any case of letters.
select exists (select from taskhub.names where hub_id = $1::int and kind = $2::text and name = lower($3::text collate "C"))
