/*
 * loopback.h - which addresses only this machine can reach.
 */
#ifndef TH_BASE_LOOPBACK_H
#define TH_BASE_LOOPBACK_H

#include <stdbool.h>

/* 127.0.0.0/8, ::1 (also in brackets or mapped), and the name localhost. Other names are not looked
 * up. */
bool th_is_loopback(const char *address);

#endif
