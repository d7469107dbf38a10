/* signal_start.c - see signal_start.h. */
#include "store/signal_start.h"

th_rc th_signal_with_start(th_db *db, const char *hub, const th_signal_start *request,
                           bool *started, th_error *err)
{
    /* Nobody's transaction hangs on ours, so the engine may be told at once. */
    static const char sql[] = "select taskhub.signal_with_start($1, $2, $3, $4, $5, $6, $7, $8, $9)"
                              " from set_config('taskhub.notify', 'on', true)";
    const char *const params[] = { request->name,       request->instance_id,
                                   request->event_name, request->payload,
                                   request->input,      request->version,
                                   request->tags,       hub,
                                   request->message_id };
    PGresult *res = NULL;

    th_rc rc = th_db_query(db, sql, 9, params, &res, err);
    if (rc == TH_OK && started)
        *started = PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);
    return rc;
}
