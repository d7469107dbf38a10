/* core.c - see core.h. */
#include "wire/core.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#ifndef TH_GRPC_LIBRARY
#error "TH_GRPC_LIBRARY is the name of the library whose headers these are: libgrpc.so.29"
#endif

th__core_functions th__core;

/* POSIX lets a function's address be an object's. */
static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);

    memcpy(function, &address, sizeof address);
    return address != NULL;
}

th_rc th__core_load(th_error *err)
{
    static void *library;
    bool all = true;

    if (library)
        return TH_OK;
    void *opened = dlopen(TH_GRPC_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!opened)
        return th_fail(err, TH_UNAVAILABLE, "gRPC can't be loaded: %.200s", dlerror());
#define TH__FIND(name) all &= find(opened, #name, &th__core.name);
    TH__CORE_FUNCTIONS(TH__FIND)
#undef TH__FIND
    if (!all)
        return th_fail(err, TH_UNAVAILABLE, "%s is not the gRPC that this program needs",
                       TH_GRPC_LIBRARY);
    library = opened; /* for good: it has threads */
    return TH_OK;
}
