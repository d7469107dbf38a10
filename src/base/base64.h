/*
 * base64.h - bytes as text and back (RFC 4648, with padding).
 */
#ifndef TH_BASE_BASE64_H
#define TH_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

void th_base64_encode(th_buf *out, const void *bytes, size_t n);

/* out has room for n / 4 * 3 bytes. False: a character, a length or a padding that is not allowed.
 */
bool th_base64_decode(const char *text, size_t n, char *out, size_t *len);

#endif
