#include "assess/contexts.h"

#include <stdlib.h>

#define EMPTY 0xffffffffU
#define LEAF  0x80000000U /* of a longer context: a leaf and not a node */

/* So that a node's number and a symbol fit 32 bits. MultiMMC makes at most 1,600,000 nodes. */
#define NODES_MAX ((size_t)1 << 23)

/* Contexts of lengths from..to before position `at`, each followed once, by the symbol there. */
struct context_leaf {
    uint32_t at;
    uint8_t from;
    uint8_t to;
};

struct entry {
    uint32_t key;
    uint32_t value;
};

/* Open addressing, at most half full. */
struct context_table {
    struct entry *entry;
    uint32_t mask;
    uint32_t used;
};

static struct entry *table_find(const struct context_table *t, uint32_t key)
{
    uint32_t at = key * 0x9e3779b1U;

    at ^= at >> 15;
    for (at &= t->mask; t->entry[at].key != key && t->entry[at].key != EMPTY;)
        at = (at + 1) & t->mask;
    return &t->entry[at];
}

static void table_put(struct context_table *t, struct entry *e, uint32_t key, uint32_t value)
{
    t->used += e->key == EMPTY;
    *e = (struct entry){key, value};
}

static bool table_size(struct context_table *t, uint32_t size)
{
    struct entry *entry = malloc(size * sizeof *entry);

    if (entry == NULL)
        return false;
    memset(entry, 0xff, size * sizeof *entry);
    const struct context_table old = *t;
    *t = (struct context_table){entry, size - 1, 0};
    for (uint32_t i = 0; old.entry != NULL && i <= old.mask; i++)
        if (old.entry[i].key != EMPTY)
            table_put(t, table_find(t, old.entry[i].key), old.entry[i].key, old.entry[i].value);
    free(old.entry);
    return true;
}

static bool table_reserve(struct context_table *t, uint32_t more)
{
    return t->used + more <= t->mask / 2 || table_size(t, 2 * (t->mask + 1));
}

enum head2_status contexts_init(struct contexts *c, const uint8_t *symbol)
{
    const uint32_t begin = 1 << 12;

    *c = (struct contexts){.symbol = symbol, .nodes = 256, .nodes_room = 4096, .leaves_room = 4096};
    c->node = calloc(c->nodes_room, sizeof *c->node);
    c->leaf = calloc(c->leaves_room, sizeof *c->leaf);
    c->longer = calloc(1, sizeof *c->longer);
    c->followers = calloc(1, sizeof *c->followers);
    c->first = calloc(256 * 256, sizeof *c->first);
    c->second = calloc(256 * 256, sizeof *c->second);
    if (c->node == NULL || c->leaf == NULL || c->first == NULL || c->second == NULL ||
        c->longer == NULL || c->followers == NULL || !table_size(c->longer, begin) ||
        !table_size(c->followers, begin)) {
        contexts_free(c);
        return HEAD2_E_MEMORY;
    }
    return HEAD2_OK;
}

void contexts_free(struct contexts *c)
{
    free(c->node);
    free(c->leaf);
    free(c->first);
    free(c->second);
    if (c->longer != NULL)
        free(c->longer->entry);
    if (c->followers != NULL)
        free(c->followers->entry);
    free(c->longer);
    free(c->followers);
    *c = (struct contexts){0};
}

/* A symbol makes at most one leaf; at most 15 nodes, each with two longer; and 32 followers. */
enum head2_status contexts_reserve(struct contexts *c)
{
    if (c->nodes + CONTEXT_MAX > c->nodes_room) {
        if (c->nodes_room >= NODES_MAX)
            return HEAD2_E_LIMIT;
        struct context *node = realloc(c->node, 2 * c->nodes_room * sizeof *node);
        if (node == NULL)
            return HEAD2_E_MEMORY;
        c->node = node;
        c->nodes_room *= 2;
    }
    if (c->leaves + 1 > c->leaves_room) {
        struct context_leaf *leaf = realloc(c->leaf, 2 * c->leaves_room * sizeof *leaf);
        if (leaf == NULL)
            return HEAD2_E_MEMORY;
        c->leaf = leaf;
        c->leaves_room *= 2;
    }
    return table_reserve(c->longer, 2 * CONTEXT_MAX) && table_reserve(c->followers, 2 * CONTEXT_MAX)
               ? HEAD2_OK
               : HEAD2_E_MEMORY;
}

/* Node and symbol are one key. */
static uint32_t key_of(uint32_t id, uint8_t v)
{
    return id << 8 | v;
}

/* Where it is noted which context is `id` with v before it; NULL when nowhere. */
static uint32_t *find_longer(const struct contexts *c, uint32_t id, uint8_t v)
{
    struct context *node = &c->node[id];

    if (id < 256)
        return c->second[id << 8 | v] != 0 ? &c->second[id << 8 | v] : NULL;
    if (node->longer == 0)
        return NULL;
    if (node->longer_by == v)
        return &node->longer;
    struct entry *e = table_find(c->longer, key_of(id, v));
    return e->key != EMPTY ? &e->value : NULL;
}

static void put_longer(struct contexts *c, uint32_t id, uint8_t v, uint32_t value)
{
    struct context *node = &c->node[id];

    if (id < 256) {
        c->second[id << 8 | v] = value;
    } else if (node->longer == 0) {
        node->longer = value;
        node->longer_by = v;
    } else {
        table_put(c->longer, table_find(c->longer, key_of(id, v)), key_of(id, v), value);
    }
}

/* The first context of a leaf was met again: it becomes a node, the longer ones its leaf. */
static uint32_t split(struct contexts *c, uint32_t *noted)
{
    const uint32_t number = *noted & ~LEAF;
    struct context_leaf *leaf = &c->leaf[number];
    const uint32_t id = (uint32_t)c->nodes++;

    c->node[id] = (struct context){.best = 1, .symbol = c->symbol[leaf->at]};
    *noted = id;
    if (leaf->from < leaf->to) {
        leaf->from++;
        put_longer(c, id, c->symbol[leaf->at - leaf->from], LEAF | number);
    }
    return id;
}

unsigned contexts_find(struct contexts *c, uint32_t path[CONTEXT_MAX + 1], size_t i, unsigned most)
{
    path[1] = c->symbol[i - 1];
    if (c->node[path[1]].best == 0)
        return 0;
    for (unsigned m = 2; m <= most; m++) {
        uint32_t *noted = find_longer(c, path[m - 1], c->symbol[i - m]);
        if (noted == NULL)
            return m - 1;
        path[m] = (*noted & LEAF) != 0 ? split(c, noted) : *noted;
    }
    return most;
}

static void note_best(struct context *node, uint8_t v, uint32_t count)
{
    if (count > node->best || (count == node->best && v > node->symbol)) {
        node->best = count;
        node->symbol = v;
    }
}

bool contexts_follow(struct contexts *c, uint32_t id, uint8_t v, bool count_new)
{
    struct context *node = &c->node[id];

    if (id < 256) {
        uint32_t *count = &c->first[id << 8 | v];
        const bool is_new = *count == 0;
        if (!is_new || count_new)
            note_best(node, v, ++*count);
        return is_new && count_new;
    }
    if (!node->many) {
        if (node->symbol == v) {
            node->best++;
            return false;
        }
        if (!count_new)
            return false;
        const uint32_t old = key_of(id, node->symbol);
        table_put(c->followers, table_find(c->followers, old), old, node->best);
        node->many = true;
    }
    struct entry *e = table_find(c->followers, key_of(id, v));
    if (e->key != EMPTY) {
        note_best(node, v, ++e->value);
        return false;
    }
    if (count_new) {
        table_put(c->followers, e, key_of(id, v), 1);
        note_best(node, v, 1);
    }
    return count_new;
}

void contexts_add(struct contexts *c, const uint32_t path[CONTEXT_MAX + 1], size_t i, unsigned from,
                  unsigned to)
{
    const uint8_t v = c->symbol[i];

    if (from == 1) {
        const uint8_t before = c->symbol[i - 1];
        c->node[before] = (struct context){.best = 1, .symbol = v};
        c->first[(uint32_t)before << 8 | v] = 1;
        from = 2;
    }
    if (from > to)
        return;
    c->leaf[c->leaves] = (struct context_leaf){(uint32_t)i, (uint8_t)from, (uint8_t)to};
    put_longer(c, path[from - 1], c->symbol[i - from], LEAF | (uint32_t)c->leaves++);
}
