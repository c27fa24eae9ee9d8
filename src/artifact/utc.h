/*
 * Times as artifacts and receipts write them: `YYYY-MM-DDThh:mm:ss.sssZ`, milliseconds since 1970,
 * years 1970 to 9999. Pure functions but utc_now.
 */
#ifndef HEAD2_ARTIFACT_UTC_H
#define HEAD2_ARTIFACT_UTC_H

#include "base/base.h"

#define UTC_BYTES 24
#define UTC_MAX   253402300799999u /* 9999-12-31T23:59:59.999Z */

/* Writes UTC_BYTES characters and a zero byte. ms is at most UTC_MAX. */
void utc_format(char out[UTC_BYTES + 1], uint64_t ms);
/* Exactly the form that utc_format writes: HEAD2_OK or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status utc_parse(uint64_t *ms, const char *text, size_t len);
/* The same, or without milliseconds, or a day alone (its first moment): what people write. */
HEAD2_CHECK enum head2_status utc_parse_human(uint64_t *ms, const char *text, size_t len);
/* The system's clock. */
uint64_t utc_now(void);

#endif
