/* see tree.h */
#include "gateway/tree.h"

#include "artifact/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct builder {
    struct tree *tree;
    struct config_error *err;
    uint32_t open[TREE_DEPTH]; /* the maps and lists that are being read */
    uint32_t last[TREE_DEPTH]; /* their newest children */
    unsigned depth;
    char *key; /* of the value that comes next, in a map */
    unsigned documents;
};

static enum head2_status fail_at(struct builder *b, const yaml_mark_t *mark, enum head2_status st,
                                 const char *what, const char *hint)
{
    snprintf(b->err->where, sizeof b->err->where, "%s:%zu:%zu", b->tree->file, mark->line + 1,
             mark->column + 1);
    snprintf(b->err->what, sizeof b->err->what, "%s", what);
    snprintf(b->err->hint, sizeof b->err->hint, "%s", hint);
    return st;
}

/* The key of a node with those of its parents, written from the end of buf backwards. */
static const char *full_key(const struct tree *t, uint32_t node, char *buf, size_t cap)
{
    size_t at = cap - 1;

    buf[at] = 0;
    for (; node != 0 && node != TREE_NONE; node = t->nodes[node].parent) {
        const struct tree_node *n = &t->nodes[node];
        char piece[96];
        if (n->key != NULL)
            snprintf(piece, sizeof piece, "%s%.60s", n->parent != 0 ? "." : "", n->key);
        else
            snprintf(piece, sizeof piece, "[%u]", n->number);
        size_t len = strlen(piece);
        if (len > at)
            break;
        at -= len;
        memcpy(buf + at, piece, len);
    }
    return buf + at;
}

enum head2_status tree_fail(const struct tree *tree, uint32_t node, struct config_error *err,
                            const char *hint, const char *fmt, ...)
{
    const struct tree_node *n = &tree->nodes[node];
    char buf[160];
    const char *key = full_key(tree, node, buf, sizeof buf);
    va_list ap;

    snprintf(err->where, sizeof err->where, "%s:%u:%u%s%s", tree->file, n->line, n->column,
             *key != 0 ? ": " : "", key);
    snprintf(err->hint, sizeof err->hint, "%s", hint != NULL ? hint : "");
    va_start(ap, fmt);
    vsnprintf(err->what, sizeof err->what, fmt, ap);
    va_end(ap);
    err->error = 0;
    return HEAD2_E_MALFORMED;
}

uint32_t tree_get(const struct tree *tree, uint32_t map, const char *key)
{
    for (uint32_t i = tree->nodes[map].first; i != TREE_NONE; i = tree->nodes[i].next)
        if (tree->nodes[i].key != NULL && strcmp(tree->nodes[i].key, key) == 0)
            return i;
    return TREE_NONE;
}

static enum head2_status more_nodes(struct builder *b, const yaml_mark_t *mark)
{
    struct tree *t = b->tree;

    if (t->count < t->cap)
        return HEAD2_OK;
    if (t->cap >= TREE_NODES)
        return fail_at(b, mark, HEAD2_E_LIMIT, "more than 40000 values", "use a folder of peers");
    uint32_t cap = t->cap == 0 ? 64 : 2 * t->cap;
    struct tree_node *more = realloc(t->nodes, cap * sizeof *more);
    if (more == NULL)
        return fail_at(b, mark, HEAD2_E_MEMORY, "out of memory", "");
    t->nodes = more;
    t->cap = cap;
    return HEAD2_OK;
}

/* A new node under the one that is open; takes over the key that waits. */
static enum head2_status add(struct builder *b, const yaml_event_t *e, enum tree_kind kind,
                             uint32_t *out)
{
    struct tree *t = b->tree;
    enum head2_status st = more_nodes(b, &e->start_mark);

    if (st != HEAD2_OK)
        return st;
    uint32_t self = t->count++;
    struct tree_node *n = &t->nodes[self];
    *n = (struct tree_node){.kind = kind,
                            .line = (unsigned)e->start_mark.line + 1,
                            .column = (unsigned)e->start_mark.column + 1,
                            .parent = TREE_NONE,
                            .first = TREE_NONE,
                            .next = TREE_NONE};
    *out = self;
    if (b->depth == 0)
        return HEAD2_OK;
    uint32_t parent = b->open[b->depth - 1], before = b->last[b->depth - 1];
    n->parent = parent;
    n->key = b->key;
    b->key = NULL;
    n->number = t->nodes[parent].count++;
    if (before == TREE_NONE)
        t->nodes[parent].first = self;
    else
        t->nodes[before].next = self;
    b->last[b->depth - 1] = self;
    return HEAD2_OK;
}

static enum head2_status open_node(struct builder *b, const yaml_event_t *e, enum tree_kind kind)
{
    uint32_t self;

    if (b->depth == 0 && kind != TREE_MAP)
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, "the file is not a list of keys",
                       "begin with 'identity:'");
    if (b->depth > 0 && b->tree->nodes[b->open[b->depth - 1]].kind == TREE_MAP && b->key == NULL)
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, "a key must be a word", "");
    if (b->depth == TREE_DEPTH)
        return fail_at(b, &e->start_mark, HEAD2_E_LIMIT, "nested deeper than 6 levels", "");
    enum head2_status st = add(b, e, kind, &self);
    if (st != HEAD2_OK)
        return st;
    b->open[b->depth] = self;
    b->last[b->depth++] = TREE_NONE;
    return HEAD2_OK;
}

static enum head2_status take_key(struct builder *b, const yaml_event_t *e)
{
    uint32_t map = b->open[b->depth - 1];
    const char *key = (const char *)e->data.scalar.value;
    uint32_t before = tree_get(b->tree, map, key);
    char what[160];

    if (strlen(key) != e->data.scalar.length || *key == 0)
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, "a key must be a word", "");
    if (before != TREE_NONE) {
        snprintf(what, sizeof what, "%.60s: given before, at line %u", key,
                 b->tree->nodes[before].line);
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, what, "keep one of them");
    }
    if (b->tree->nodes[map].count == TREE_KEYS)
        return fail_at(b, &e->start_mark, HEAD2_E_LIMIT, "more than 64 keys in one map", "");
    b->key = strdup(key);
    return b->key != NULL ? HEAD2_OK
                          : fail_at(b, &e->start_mark, HEAD2_E_MEMORY, "out of memory", "");
}

static enum head2_status take_scalar(struct builder *b, const yaml_event_t *e)
{
    uint32_t self;

    if (b->depth == 0)
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, "the file is not a list of keys",
                       "begin with 'identity:'");
    if (b->tree->nodes[b->open[b->depth - 1]].kind == TREE_MAP && b->key == NULL)
        return take_key(b, e);
    if (strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, "a zero byte in a value", "");
    enum head2_status st = add(b, e, TREE_SCALAR, &self);
    if (st != HEAD2_OK)
        return st;
    b->tree->nodes[self].quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    b->tree->nodes[self].text = strdup((const char *)e->data.scalar.value);
    return b->tree->nodes[self].text != NULL
               ? HEAD2_OK
               : fail_at(b, &e->start_mark, HEAD2_E_MEMORY, "out of memory", "");
}

static bool is_marked(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor != NULL || e->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor != NULL || e->data.mapping_start.tag != NULL;
    default:
        return e->type == YAML_ALIAS_EVENT;
    }
}

static enum head2_status take(struct builder *b, const yaml_event_t *e)
{
    if (is_marked(e))
        return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED,
                       "anchors, aliases and tags are not used here", "write the value out");
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ != 0)
            return fail_at(b, &e->start_mark, HEAD2_E_MALFORMED, "a second document begins here",
                           "remove the '---' line");
        return HEAD2_OK;
    case YAML_SCALAR_EVENT:
        return take_scalar(b, e);
    case YAML_MAPPING_START_EVENT:
        return open_node(b, e, TREE_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(b, e, TREE_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return HEAD2_OK;
    default:
        return HEAD2_OK;
    }
}

static enum head2_status parse(struct builder *b, yaml_parser_t *parser)
{
    for (;;) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e)) {
            yaml_mark_t mark = parser->problem_mark;
            if (parser->error == YAML_READER_ERROR)
                mark = parser->mark;
            return fail_at(b, &mark, HEAD2_E_MALFORMED,
                           parser->problem != NULL ? parser->problem : "not YAML",
                           "see the configuration in the manual");
        }
        bool end = e.type == YAML_STREAM_END_EVENT;
        enum head2_status st = take(b, &e);
        yaml_event_delete(&e);
        if (st != HEAD2_OK || end)
            return st;
    }
}

static enum head2_status read_tree(struct builder *b)
{
    yaml_parser_t parser;
    uint8_t *bytes;
    size_t len;
    const yaml_mark_t start = {0};

    enum head2_status st = file_read(b->tree->file, TREE_FILE_MAX, &bytes, &len);
    if (st != HEAD2_OK) {
        b->err->error = st == HEAD2_E_IO ? errno : 0;
        snprintf(b->err->where, sizeof b->err->where, "%s", b->tree->file);
        snprintf(b->err->what, sizeof b->err->what, "%s",
                 st == HEAD2_E_LIMIT ? "longer than 1 MiB" : "cannot read the configuration");
        return st;
    }
    if (!yaml_parser_initialize(&parser)) {
        free(bytes);
        return fail_at(b, &start, HEAD2_E_MEMORY, "out of memory", "");
    }
    yaml_parser_set_input_string(&parser, bytes, len);
    st = parse(b, &parser);
    yaml_parser_delete(&parser);
    free(bytes);
    if (st == HEAD2_OK && b->tree->count == 0)
        st = fail_at(b, &start, HEAD2_E_MALFORMED, "the file is empty",
                     "'head2 init DIR' makes a working one");
    return st;
}

enum head2_status tree_read(struct tree *out, const char *file, struct config_error *err)
{
    struct builder b = {.tree = out, .err = err};

    *out = (struct tree){.file = strdup(file)};
    *err = (struct config_error){.error = 0};
    if (out->file == NULL)
        return HEAD2_E_MEMORY;
    enum head2_status st = read_tree(&b);
    free(b.key);
    if (st != HEAD2_OK)
        tree_free(out);
    return st;
}

void tree_free(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        free(tree->nodes[i].key);
        free(tree->nodes[i].text);
    }
    free(tree->nodes);
    free(tree->file);
    *tree = (struct tree){0};
}
