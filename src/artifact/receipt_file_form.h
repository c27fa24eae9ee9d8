/*
 * What writing and reading a receipt's file share.
 */
#ifndef HEAD2_ARTIFACT_RECEIPT_FILE_FORM_H
#define HEAD2_ARTIFACT_RECEIPT_FILE_FORM_H

#include "artifact/base64.h"
#include "artifact/checkpoint.h"

/* One LF that is not the text's, and the first lines of the section behind it. */
#define RECEIPT_OPENING "\n---\ntype: mu_receipt\n"

/* A note with one signature: what checkpoint_write makes. */
#define RECEIPT_NOTE_MAX                                                                           \
    (CHECKPOINT_TEXT_MAX + CHECKPOINT_ORIGIN_MAX + BASE64_LEN(4 + HEAD2_KEY_MAX_SIG) + 16)

#endif
