/* list.c - pages of instances. */
#include <stdio.h>
#include <stdlib.h>

#include "sdk/sdk_int.h"

enum { USUAL_PAGE = 100, LARGEST_PAGE = 1000 };

/* Of each partition the first ones by its primary key, then the first of all. */
static const char list_sql[] = "select " TH__SDK_COLUMNS(
    TH__SDK_NO_PAYLOADS) " from (select p.partition_id from taskhub.partitions_view p"
                         "  where p.hub = (taskhub.resolve_hub($1)).name) p"
                         " cross join lateral (select * from taskhub.instances_view v"
                         "  where v.partition_id = p.partition_id and not v.is_entity"
                         "  and v.instance_id > $2 collate \"C\""
                         "  and ($3::text is null or v.runtime_status = $3)"
                         "  and ($4::text is null or v.name = $4)"
                         "  and ($5::text is null or starts_with(v.instance_id, $5))"
                         "  order by v.instance_id limit $6::int) i"
                         " order by i.instance_id limit $6::int";

void taskhub_list_free(taskhub_instance **list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        taskhub_instance_free(list[i]);
    free(list);
}

static taskhub_code read_rows(taskhub *client, const PGresult *res, taskhub_instance ***out,
                              size_t *count)
{
    size_t n = (size_t)PQntuples(res);

    *out = calloc(n + 1, sizeof **out);
    for (size_t i = 0; *out && i < n; i++)
        if (!((*out)[i] = th__sdk_instance(res, (int)i))) {
            taskhub_list_free(*out, i);
            *out = NULL;
        }
    if (!*out)
        return th__sdk_fail(client, TASKHUB_REFUSED, "no memory");
    *count = n;
    return TASKHUB_OK;
}

taskhub_code taskhub_list(taskhub *client, const taskhub_query *query, taskhub_instance ***out,
                          size_t *count)
{
    static const taskhub_query any = { 0 };
    const taskhub_query *q = query ? query : &any;
    int limit = q->limit ? q->limit : USUAL_PAGE;
    char text[16];
    const char *params[] = { client->hub,  q->after_id ? q->after_id : "",
                             q->status,    q->name,
                             q->id_prefix, text };
    PGresult *res;

    *out = NULL;
    *count = 0;
    if (limit < 1 || limit > LARGEST_PAGE)
        return th__sdk_fail(client, TASKHUB_INVALID, "limit: must be between 1 and %d",
                            LARGEST_PAGE);
    snprintf(text, sizeof text, "%d", limit);
    taskhub_code code = th__sdk_query(client, list_sql, 6, params, &res);
    if (code == TASKHUB_OK)
        code = read_rows(client, res, out, count);
    PQclear(res);
    return code;
}
