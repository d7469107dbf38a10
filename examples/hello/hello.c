/*
 * hello.c - three activities, one after the other.
 *
 *     curl http://localhost:7071/api/orchestrators/hello_orchestrator
 */
#include <taskhub.h>

static const char *say_hello(th_activity *a)
{
    const char *name = th_get_string(a, th_input(a), NULL, "stranger");

    return th_quote(a, th_text(a, "Hello %s!", name));
}

static const char *hello_orchestrator(th_orch *o)
{
    const char *cities[] = { "Tokyo", "Seattle", "London" };
    const char *greetings[3];

    for (int i = 0; i < 3; i++)
        greetings[i] = th_call_activity(o, "SayHello", th_quote(o, cities[i]));
    return th_list(o, greetings, 3);
}

TH_APP(app)
{
    th_add_activity(app, "SayHello", say_hello);
    th_add_orchestrator(app, "hello_orchestrator", hello_orchestrator);
    th_add_starter(app, "orchestrators/{name}", NULL);
}
