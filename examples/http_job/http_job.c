/*
 * http_job.c - has another service do a long job: asks for it over HTTP, waits for as long as that
 * service says 202, and gives its answer. Input: the URL.
 */
#include <taskhub.h>

static const char *http_job(th_orch *o)
{
    static const th_http how = {
        .timeout = 30 * TH_SECOND,
        .retry = { .first_interval = 5 * TH_SECOND, .max_attempts = 5, .backoff = 2.0 },
    };
    const char *url = th_get_string(o, th_input(o), NULL, "");
    const char *answer = th_call_http(o, "POST", url, "please", &how);

    if (th_http_status(answer) != 200)
        return th_fail_with(o, "JobRefused", "status %d", th_http_status(answer));
    return th_quote(o, th_http_content(o, answer));
}

TH_APP(app)
{
    th_add_orchestrator(app, "HttpJob", http_job);
    th_add_starter(app, "orchestrators/{name}", NULL);
}
