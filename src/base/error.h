/*
 * error.h - one list of result codes, and the text that goes with a failure.
 *
 * Functions that can fail return th_rc and take a th_error that the caller owns. The first failure
 * writes it, later ones leave it. Whoever handles an error logs it; whoever passes it on does not.
 */
#ifndef TH_BASE_ERROR_H
#define TH_BASE_ERROR_H

#define TH_MUST_CHECK __attribute__((warn_unused_result))
#define TH_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* name, number, words. The outcomes of events.md section 8 come first. */
#define TH_RC_MAP(X)                                               \
    X(OK, 0, "ok")                                                 \
    X(NOT_FOUND, -1, "no such instance")                           \
    X(FINISHED, -2, "the instance has finished")                   \
    X(NO_CHANGE, -3, "the instance is already in that state")      \
    X(EXISTS, -4, "an instance with that id already exists")       \
    X(NOT_FINISHED, -5, "the instance has not finished")           \
    X(NOT_FAILED, -6, "the instance has not failed")               \
    X(INVALID, -7, "invalid argument")                             \
    X(TOO_LARGE, -8, "too large")                                  \
    X(CONFIG, -9, "bad configuration")                             \
    X(IO, -10, "the operating system refused")                     \
    X(DB, -11, "the database refused")                             \
    X(DB_LOST, -12, "the database connection was lost")            \
    X(DB_RETRY, -13, "the database asked for another try")         \
    X(DB_STORAGE, -14, "the database has no room or cannot write") \
    X(CONFLICT, -15, "another writer was there first")             \
    X(NOT_OWNER, -16, "another process owns this partition")       \
    X(UNAVAILABLE, -17, "not available right now")                 \
    X(SCHEMA, -18, "the schema does not fit this program")         \
    X(NOT_SUPPORTED, -19, "not supported")                         \
    X(NONDETERMINISM, -20, "replay differs from history")          \
    X(INTERNAL, -21, "internal error")

typedef enum th_rc {
#define TH_RC_ENUM(name, number, words) TH_##name = (number),
    TH_RC_MAP(TH_RC_ENUM)
#undef TH_RC_ENUM
} th_rc;

typedef struct th_error {
    th_rc rc;         /* TH_OK while nothing has failed */
    char sqlstate[6]; /* "" unless the database said it */
    char text[1024];  /* one sentence, no newline at the end */
} th_error;

/* Writes code and text into err (which may be NULL) unless a failure stands there already. Returns
 * rc. */
th_rc th_fail(th_error *err, th_rc rc, const char *fmt, ...) TH_PRINTF(3, 4);

/* Back to "nothing has failed". */
void th_error_clear(th_error *err);

const char *th_rc_name(th_rc rc);  /* "NOT_FOUND" */
const char *th_rc_words(th_rc rc); /* "no such instance" */

#endif
