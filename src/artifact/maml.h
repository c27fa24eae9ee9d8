/*
 * MAML documents (.maml.md): front matter between two lines `---`, a Markdown body in sections, and
 * at the end perhaps a signature block. The parser takes bytes and gives a document of positions in
 * them, with what is wrong with it; it never changes a byte, and nothing is ever written from what
 * it has read.
 *
 * The front matter is the part of YAML that needs no guessing: maps, lists and scalars, without
 * anchors, aliases, tags and second documents, and with no key twice. Sections are what CommonMark
 * takes for headings of level 2 that stand in no list or quotation.
 */
#ifndef HEAD2_ARTIFACT_MAML_H
#define HEAD2_ARTIFACT_MAML_H

#include "artifact/sigblock.h"

#define MAML_MAX      SIGBLOCK_DOCUMENT_MAX /* bytes before the signature block */
#define MAML_FILE_MAX (MAML_MAX + SIGBLOCK_MAX)
#define MAML_FRONT    16384 /* bytes of front matter */
#define MAML_DEPTH    8     /* maps and lists in each other */
#define MAML_KEYS     256   /* of all maps together */
#define MAML_SECTIONS 256
#define MAML_FINDINGS 20 /* that are kept; all are counted */
#define MAML_AGENT    512

enum maml_mode {
    MAML_STRICT, /* what a reader may guess is an error */
    MAML_LENIENT /* and here a warning */
};

struct maml_place {
    unsigned line, column; /* from 1; columns are code points */
};

struct maml_finding {
    bool is_error;
    struct maml_place at;
    const char *rule; /* its short name, as docs/formats.md lists it */
    char what[200];
    char mend[120];
};

/* Bytes of the document. */
struct maml_span {
    size_t at, len;
};

enum maml_kind { MAML_SCALAR, MAML_MAP, MAML_LIST };

#define MAML_NONE UINT32_MAX

struct maml_node {
    enum maml_kind kind;
    bool quoted;
    struct maml_place at;         /* of the value */
    uint32_t parent, first, next; /* MAML_NONE where there is none */
    uint32_t count;               /* of children */
    const char *key;              /* of an entry of a map, else NULL */
    const char *text;             /* of a scalar, else NULL */
};

struct maml_section {
    struct maml_span name;
    struct maml_span whole; /* from its heading up to the next or the end of the body */
    size_t body;            /* where the line after the heading begins */
    struct maml_place at;
};

/* A line of the section History. */
struct maml_entry {
    struct maml_span whole; /* with its line end */
    struct maml_span time, tag, text;
    struct maml_place at;
    bool dashed; /* `- TIME: [TAG] TEXT`, not `[TIME] [TAG] TEXT` */
};

enum maml_dialect { MAML_DIALECT_NONE, MAML_DIALECT_VERSION, MAML_DIALECT_SCHEMA };

struct maml {
    const uint8_t *doc; /* borrowed */
    size_t len;         /* all of it */
    size_t end;         /* of what is before the signature block */
    enum maml_mode mode;
    bool has_bom;
    bool has_block; /* it ends in one; block holds it where block_good */
    bool block_good;
    struct sigblock block;
    struct maml_span front; /* between the two lines `---` */
    size_t body;
    enum maml_dialect dialect;
    struct maml_node *nodes; /* nodes[0] is the front matter's map, where node_count is not 0 */
    uint32_t node_count;
    struct maml_section sections[MAML_SECTIONS];
    size_t section_count;
    struct maml_entry *entries;
    size_t entry_count;
    struct maml_finding findings[MAML_FINDINGS]; /* in the order of the document's parts */
    size_t finding_count;                        /* that are kept */
    size_t errors, warnings;                     /* all */
    struct maml_parts *parts;                    /* the parser's own */
};

/* HEAD2_OK however bad the document is (look at errors), or HEAD2_E_MEMORY. doc must outlive what
 * is made of it. */
HEAD2_CHECK enum head2_status maml_parse(struct maml **out, const uint8_t *doc, size_t len,
                                         enum maml_mode mode);
void maml_free(struct maml *maml);

/* The entry of a map, MAML_NONE when it is not there or map is no map. */
uint32_t maml_get(const struct maml *maml, uint32_t map, const char *key);
/* The text of a key of the front matter, NULL when it is not there or no scalar. */
const char *maml_text(const struct maml *maml, const char *key);
/* The section of a name, letters of ASCII in either case; NULL when it is not there. */
const struct maml_section *maml_section(const struct maml *maml, const char *name);
bool maml_section_is_last(const struct maml *maml, const char *name);

/* Whether the document's permissions name an agent for an action ("read", "write", "execute"). A
 * pattern's `*` stands for any characters; all else stands for itself. Nothing named is allowed. */
bool maml_may(const struct maml *maml, const char *agent, const char *action);

#endif
