/*
 * A configuration file as a small tree: maps, lists and scalars with the place where each stands.
 *
 * YAML is taken from libyaml's event parser and most of it is refused: anchors, aliases, tags,
 * several documents, a key given twice, keys that are not plain words. Limits: 1 MiB, 40000 nodes,
 * depth 6, 64 keys a map. Every error says file, line, column and what to do.
 */
#ifndef HEAD2_GATEWAY_TREE_H
#define HEAD2_GATEWAY_TREE_H

#include "base/base.h"

#define TREE_FILE_MAX ((size_t)1 << 20)
#define TREE_NODES    40000u
#define TREE_DEPTH    6
#define TREE_KEYS     64
#define TREE_NONE     UINT32_MAX

/* What is wrong, for one line: `head2: WHERE: WHAT; HINT`. */
struct config_error {
    char where[640]; /* FILE:LINE:COLUMN: KEY, or a file */
    char what[384];
    char hint[256]; /* "" when there is nothing to advise */
    int error;      /* errno of HEAD2_E_IO */
};

enum tree_kind { TREE_SCALAR, TREE_MAP, TREE_LIST };

struct tree_node {
    enum tree_kind kind;
    bool quoted;
    unsigned line, column; /* of the value, from 1 */
    uint32_t parent, first, next;
    uint32_t count;  /* of children */
    uint32_t number; /* among its siblings, from 0 */
    char *key;       /* of an entry of a map, else NULL */
    char *text;      /* of a scalar */
};

struct tree {
    char *file;
    struct tree_node *nodes; /* nodes[0] is the root, which is a map */
    uint32_t count, cap;
};

/* HEAD2_OK; HEAD2_E_IO, HEAD2_E_MALFORMED, HEAD2_E_LIMIT, HEAD2_E_MEMORY with *err. */
HEAD2_CHECK enum head2_status tree_read(struct tree *out, const char *file,
                                        struct config_error *err);
void tree_free(struct tree *tree);

/* The entry of a map, TREE_NONE when it is not there. */
uint32_t tree_get(const struct tree *tree, uint32_t map, const char *key);

/* Fill err for a node: where it stands and its full key ("peers[0].lanes.video"). Returns
 * HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status tree_fail(const struct tree *tree, uint32_t node,
                                        struct config_error *err, const char *hint, const char *fmt,
                                        ...) HEAD2_PRINTF(5, 6);

#endif
