/*
 * What a file of keys holds, told without reading it in full: for those who decide by it whether
 * the file may be read at all.
 */
#ifndef HEAD2_KEYS_CONTAINER_H
#define HEAD2_KEYS_CONTAINER_H

#include "keys/spki.h"

/* PEM or DER; by its label or its outermost structure. */
enum key_kind key_kind_of(const uint8_t *buf, size_t len);

#endif
