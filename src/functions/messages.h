/*
 * messages.h - what host and worker say to each other, beside invocations (call.h); see
 * workers/README.md.
 */
#ifndef TH_FUNCTIONS_MESSAGES_H
#define TH_FUNCTIONS_MESSAGES_H

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "functions/call.h"
#include "functions/table.h"

/* Each writes a whole frame. */
void th__message_init(th_buf *frame, const char *folder, const char *worker_folder);
void th__message_list(th_buf *frame, const char *folder);
void th__message_load(th_buf *frame, const th__function *f);

/* The member `result` of an answer: TH_CONFIG with `what` and the worker's words unless Success;
 * a stack trace goes to the log. */
th_rc th__message_result(const json_t *message, const char *what, th_error *err) TH_MUST_CHECK;

/* An invocation_response. What it points to is the message's. */
th__outcome th__message_outcome(const json_t *message);

/* An rpc_log becomes a line of the log. */
void th__message_log(const json_t *message);

#endif
