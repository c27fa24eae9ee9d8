/*
 * The front matter: libyaml's events made into a tree of nodes, and what is refused of YAML. The
 * first thing that is wrong ends the reading, since what comes after it depends on a guess.
 */
#include "artifact/maml_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct builder {
    struct maml *m;
    uint32_t open[MAML_DEPTH]; /* the maps and lists that are being read */
    uint32_t last[MAML_DEPTH]; /* their newest children */
    unsigned depth;
    const char *key; /* of the value that comes next, in a map */
    unsigned keys, documents;
    bool stop; /* something is wrong, and said */
};

/* libyaml counts lines as we do: other line ends do not get this far (check_breaks). */
static struct maml_place place(const yaml_mark_t *mark)
{
    return (struct maml_place){(unsigned)mark->line + 2, (unsigned)mark->column + 1};
}

#define REFUSE(b, e, rule, mend, ...)                                                              \
    do {                                                                                           \
        maml_say((b)->m, rule, place(&(e)->start_mark), mend, __VA_ARGS__);                        \
        (b)->stop = true;                                                                          \
    } while (0)

/* A copy that ends in a zero byte. A character of YAML gives at most four bytes with the zero that
 * follows each text, which is what the room is made for. */
static const char *keep(struct builder *b, const yaml_char_t *text, size_t len)
{
    struct maml_parts *p = b->m->parts;
    char *out = p->texts + p->texts_len;

    HEAD2_REQUIRES(p->texts_len + len + 1 <= p->texts_cap);
    memcpy(out, text, len);
    out[len] = 0;
    p->texts_len += len + 1;
    return out;
}

static enum head2_status more_nodes(struct maml *m)
{
    if (m->node_count < m->parts->node_cap)
        return HEAD2_OK;
    const uint32_t cap = m->parts->node_cap == 0 ? 64 : 2 * m->parts->node_cap;
    struct maml_node *more = realloc(m->nodes, cap * sizeof *more);
    if (more == NULL)
        return HEAD2_E_MEMORY;
    m->nodes = more;
    m->parts->node_cap = cap;
    return HEAD2_OK;
}

/* A new node under the one that is open; takes over the key that waits. */
static enum head2_status add(struct builder *b, const yaml_event_t *e, enum maml_kind kind,
                             uint32_t *out)
{
    struct maml *m = b->m;
    enum head2_status st = more_nodes(m);

    if (st != HEAD2_OK)
        return st;
    const uint32_t self = m->node_count++;
    struct maml_node *n = &m->nodes[self];
    *n = (struct maml_node){.kind = kind,
                            .at = place(&e->start_mark),
                            .parent = MAML_NONE,
                            .first = MAML_NONE,
                            .next = MAML_NONE};
    *out = self;
    if (b->depth == 0)
        return HEAD2_OK;
    const uint32_t parent = b->open[b->depth - 1], before = b->last[b->depth - 1];
    n->parent = parent;
    n->key = b->key;
    b->key = NULL;
    m->nodes[parent].count++;
    if (before == MAML_NONE)
        m->nodes[parent].first = self;
    else
        m->nodes[before].next = self;
    b->last[b->depth - 1] = self;
    return HEAD2_OK;
}

static bool wants_key(const struct builder *b)
{
    return b->depth > 0 && b->m->nodes[b->open[b->depth - 1]].kind == MAML_MAP && b->key == NULL;
}

static enum head2_status open_node(struct builder *b, const yaml_event_t *e, enum maml_kind kind)
{
    uint32_t self;

    if (b->depth == 0 && kind != MAML_MAP)
        REFUSE(b, e, RULE_YAML, "write lines 'key: value'", "the front matter is not a map");
    else if (wants_key(b))
        REFUSE(b, e, RULE_YAML, "if it is text, put it in double quotes", "a key is not a word");
    else if (b->depth == MAML_DEPTH)
        REFUSE(b, e, RULE_DEPTH, "make it flatter", "nested deeper than %d levels", MAML_DEPTH);
    if (b->stop)
        return HEAD2_OK;
    enum head2_status st = add(b, e, kind, &self);
    if (st != HEAD2_OK)
        return st;
    b->open[b->depth] = self;
    b->last[b->depth++] = MAML_NONE;
    return HEAD2_OK;
}

static void take_key(struct builder *b, const yaml_event_t *e)
{
    const uint32_t map = b->open[b->depth - 1];
    const char *key = keep(b, e->data.scalar.value, e->data.scalar.length);
    const uint32_t before = maml_get(b->m, map, key);

    if (*key == 0)
        REFUSE(b, e, RULE_YAML, "give it a name", "a key without a name");
    else if (before != MAML_NONE)
        REFUSE(b, e, RULE_DUPLICATE_KEY, "keep one of them", "'%.60s' is given before, at line %u",
               key, b->m->nodes[before].at.line);
    else if (b->keys++ == MAML_KEYS)
        REFUSE(b, e, RULE_KEYS, "move data into a section", "more than %d keys", MAML_KEYS);
    b->key = key;
}

static enum head2_status take_scalar(struct builder *b, const yaml_event_t *e)
{
    uint32_t self;

    if (memchr(e->data.scalar.value, 0, e->data.scalar.length) != NULL)
        REFUSE(b, e, RULE_YAML_SUBSET, "remove it", "a zero byte in a value");
    else if (b->depth == 0)
        REFUSE(b, e, RULE_YAML, "write lines 'key: value'", "the front matter is not a map");
    else if (wants_key(b))
        take_key(b, e);
    else {
        enum head2_status st = add(b, e, MAML_SCALAR, &self);
        if (st != HEAD2_OK)
            return st;
        b->m->nodes[self].quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        b->m->nodes[self].text = keep(b, e->data.scalar.value, e->data.scalar.length);
    }
    return HEAD2_OK;
}

/* What is not of our subset, or NULL. */
static const char *outside(const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (e->type == YAML_ALIAS_EVENT)
        return "an alias (*name)";
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    return anchor != NULL ? "an anchor (&name)" : tag != NULL ? "a tag (!name)" : NULL;
}

static enum head2_status take(struct builder *b, const yaml_event_t *e)
{
    const char *what = outside(e);

    if (what != NULL) {
        REFUSE(b, e, RULE_YAML_SUBSET, "write the value out, in double quotes if it is text",
               "%s is not used here", what);
        return HEAD2_OK;
    }
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ != 0 || e->data.document_start.version_directive != NULL ||
            e->data.document_start.tag_directives.start !=
                e->data.document_start.tag_directives.end)
            REFUSE(b, e, RULE_YAML_SUBSET, "remove the line",
                   "directives and second documents are not used here");
        return HEAD2_OK;
    case YAML_SCALAR_EVENT:
        return take_scalar(b, e);
    case YAML_MAPPING_START_EVENT:
        return open_node(b, e, MAML_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(b, e, MAML_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return HEAD2_OK;
    default:
        return HEAD2_OK;
    }
}

/* ---- what libyaml says, with what to do ---- */

static const char *mend_of(const char *problem)
{
    static const struct {
        const char *part, *mend;
    } mends[] = {
        {"mapping values",   "put the value in double quotes: it holds ': '"                   },
        {"start any token",  "put the value in double quotes, and indent with spaces, not tabs"},
        {"tab",              "indent with spaces, not tabs"                                    },
        {"expected ':'",     "write 'key: value', with a blank after the colon"                },
        {"expected key",     "give all keys of one map the same indentation"                   },
        {"block end",        "give all keys of one map the same indentation"                   },
        {"expected ',' or",  "close the bracket, and separate values with commas"              },
        {"unexpected end",   "close the quotes"                                                },
        {"escape character", "write backslashes twice, or use single quotes"                   },
        {"block entries",    "put the list's first '- ' on a line of its own"                  },
        {"anchor",           "put the value in double quotes: it holds * or &"                 },
        {"alias",            "put the value in double quotes: it begins with *"                },
        {"tag",              "put the value in double quotes: it begins with !"                },
        {"directive",        "put the value in double quotes: it begins with %"                },
    };

    for (size_t i = 0; i < HEAD2_LEN(mends); i++)
        if (strstr(problem, mends[i].part) != NULL)
            return mends[i].mend;
    return "put text with special characters in double quotes";
}

static enum head2_status say_not_yaml(struct builder *b, const yaml_parser_t *parser)
{
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";

    if (parser->error == YAML_MEMORY_ERROR)
        return HEAD2_E_MEMORY;
    if (parser->error == YAML_READER_ERROR) /* the bytes are UTF-8: it is a character */
        maml_say(b->m, RULE_YAML, maml_place_of(b->m, b->m->front.at + parser->problem_offset),
                 "remove it", "a character that YAML does not allow");
    else
        maml_say(b->m, RULE_YAML, place(&parser->problem_mark), mend_of(problem),
                 "not YAML: %.120s", problem);
    return HEAD2_OK;
}

static enum head2_status parse(struct builder *b, yaml_parser_t *parser)
{
    enum head2_status st = HEAD2_OK;
    bool end = false;

    while (st == HEAD2_OK && !b->stop && !end) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e)) {
            b->stop = true;
            return say_not_yaml(b, parser);
        }
        end = e.type == YAML_STREAM_END_EVENT;
        st = take(b, &e);
        yaml_event_delete(&e);
    }
    return st;
}

/* YAML ends lines at U+0085, U+2028 and U+2029 as well, and nobody else does. */
static bool check_breaks(struct maml *m)
{
    const uint8_t *p = m->doc + m->front.at;

    for (size_t i = 0; i + 1 < m->front.len; i++) {
        const bool next_line = p[i] == 0xc2 && p[i + 1] == 0x85;
        const bool separator = p[i] == 0xe2 && p[i + 1] == 0x80 && (p[i + 2] & 0xfe) == 0xa8;
        if (next_line || separator) {
            maml_say(m, RULE_LINE_END, maml_place_of(m, m->front.at + i), "remove it",
                     "a character that ends lines for some readers only");
            return false;
        }
    }
    return true;
}

enum head2_status maml_read_yaml(struct maml *m)
{
    struct builder b = {.m = m};
    yaml_parser_t parser;

    if (!check_breaks(m))
        return HEAD2_OK;
    m->parts->texts_cap = 4 * m->front.len + 4;
    m->parts->texts = malloc(m->parts->texts_cap);
    if (m->parts->texts == NULL || !yaml_parser_initialize(&parser))
        return HEAD2_E_MEMORY;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, m->doc + m->front.at, m->front.len);
    enum head2_status st = parse(&b, &parser);
    yaml_parser_delete(&parser);
    if (st == HEAD2_OK && !b.stop && m->node_count == 0)
        maml_say(m, RULE_FRONT_MATTER, (struct maml_place){1, 1}, "write lines 'key: value'",
                 "the front matter is empty");
    if (b.stop)
        m->node_count = 0; /* half a tree would say that keys are missing which are there */
    return st;
}

uint32_t maml_get(const struct maml *maml, uint32_t map, const char *key)
{
    if (map >= maml->node_count || maml->nodes[map].kind != MAML_MAP)
        return MAML_NONE;
    for (uint32_t i = maml->nodes[map].first; i != MAML_NONE; i = maml->nodes[i].next)
        if (maml->nodes[i].key != NULL && strcmp(maml->nodes[i].key, key) == 0)
            return i;
    return MAML_NONE;
}

const char *maml_text(const struct maml *maml, const char *key)
{
    const uint32_t n = maml_get(maml, 0, key);

    return n != MAML_NONE ? maml->nodes[n].text : NULL;
}
