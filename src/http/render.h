/*
 * render.h - stored texts and rows as the API's JSON.
 */
#ifndef TH_HTTP_RENDER_H
#define TH_HTTP_RENDER_H

#include <stdbool.h>

#include "base/buf.h"
#include "engine/event.h"
#include "store/instances.h"

/* NULL: null. Blank: "". One JSON value: that value, without blanks between its parts. Any other: a
 * string. */
void th_render_text(th_buf *out, const char *text);

/* n bytes of valid JSON without the blanks outside of its strings. */
void th_render_compact(th_buf *out, const char *json, size_t n);

/* "2018-02-28T05:18:49Z", truncated to seconds, in quotes. */
void th_render_seconds(th_buf *out, int64_t us);

/* With as many digits of the fraction as needed, in quotes. */
void th_render_time(th_buf *out, int64_t us);

/* What a finished instance shows: the result, a failure's message, or a terminate reason. */
void th_render_output(th_buf *out, const th_instance *instance);

typedef struct th_render_options {
    bool show_input;
    bool show_history;        /* needs events */
    bool show_history_output; /* results in the history */
    bool store_inputs;        /* inputs of activities and children in the history */
    const th_event *events;   /* the present execution's, in order; seq = index */
    const int64_t *times;     /* of each event */
    size_t event_count;
} th_render_options;

/* The status object, with historyEvents if asked for and the instance is past Pending. */
void th_render_status(th_buf *out, const th_instance *instance, const th_render_options *options);

/* The array of historyEvents. */
void th_render_history(th_buf *out, const th_instance *instance, const th_render_options *options);

#endif
