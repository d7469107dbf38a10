/* early.c - see early.h. */
#include "engine/early.h"

/* FNV-1a; above 0, as numbers are. */
static int64_t number_of(int32_t partition_id, const char *instance_id)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint32_t)partition_id;
    for (const char *c = instance_id; *c; c++)
        h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (int64_t)(h >> 1) | 1;
}

void th_early_add(th_early *early, int32_t partition_id, const char *instance_id)
{
    th_numbers_add(&early->ids, number_of(partition_id, instance_id));
}

bool th_early_has(const th_early *early, int32_t partition_id, const char *instance_id)
{
    return early->ids.count && th_numbers_has(&early->ids, number_of(partition_id, instance_id));
}

void th_early_free(th_early *early)
{
    th_numbers_free(&early->ids);
}
