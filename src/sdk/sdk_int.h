/*
 * sdk_int.h - what the files of the client library share: a client, and one statement of it.
 */
#ifndef TH_SDK_SDK_INT_H
#define TH_SDK_SDK_INT_H

#include <taskhub_client.h>

struct taskhub {
    PGconn *connection; /* NULL: not connected yet */
    bool owns;
    char *conninfo;
    char *hub;
    char error[1024];
};

/* Writes the words; gives the code. */
taskhub_code th__sdk_fail(taskhub *client, taskhub_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Parameters are texts, NULL for null. res NULL: the rows are of no interest; else the caller's,
 * and NULL on failure. */
taskhub_code th__sdk_query(taskhub *client, const char *sql, int n, const char *const *params,
                           PGresult **res);

/* instance.c: columns as TH__SDK_COLUMNS has them. NULL: no memory. */
#define TH__SDK_COLUMNS(payloads)                           \
    "instance_id, name, version, runtime_status, " payloads \
    ", tags, taskhub.utc_text(created_at),"                 \
    " taskhub.utc_text(updated_at), taskhub.utc_text(completed_at)"
#define TH__SDK_PAYLOADS "input, output, failure, custom_status"
#define TH__SDK_NO_PAYLOADS "null, null, null, null"
taskhub_instance *th__sdk_instance(const PGresult *res, int row);

#endif
