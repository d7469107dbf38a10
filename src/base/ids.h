/*
 * ids.h - random ids; the partition hash, equal to taskhub.partition_of in SQL; SHA-256.
 */
#ifndef TH_BASE_IDS_H
#define TH_BASE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct th_uuid {
    uint8_t b[16];
} th_uuid;

#define TH_UUID_TEXT 33 /* 32 lower-case hex digits and a NUL */

th_uuid th_uuid_random(void); /* version 4; thread-safe, cheap (one system call for many) */
void th_uuid_text(const th_uuid *id, char out[TH_UUID_TEXT]);
bool th_uuid_parse(const char *s, th_uuid *out); /* 32 hex digits, or with the usual four dashes */
bool th_uuid_is_null(const th_uuid *id);
bool th_uuid_equal(const th_uuid *a, const th_uuid *b);

void th_sha256(const void *p, size_t n, uint8_t out[32]);

/* First four bytes of SHA-256 of the id's UTF-8, big-endian; mod count gives the partition's
 * ordinal. */
uint32_t th_partition_hash(const char *id);
int32_t th_partition_ordinal(const char *id, int32_t count);

/*
 * The rule for ids given by callers: 1 to 256 characters (UTF-16 units), valid UTF-8, no leading
 * '@', none of / \ # ? and no control characters. NULL: fine; else a phrase that says what is
 * wrong.
 */
const char *th_instance_id_problem(const char *id);

#endif
