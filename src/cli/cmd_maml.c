/*
 * head2 maml check, show, may: what is wrong with a MAML document, what it says, and whom it lets
 * do what. None of them looks at whether its signature holds: that is maml verify.
 */
#include "artifact/base64.h"
#include "cli/files.h"
#include "cli/maml.h"
#include "cli/verbs.h"

#include <stdlib.h>

static const char *shown(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* ---- check ---- */

static json_t *findings_json(const struct maml *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->finding_count; i++) {
        const struct maml_finding *f = &m->findings[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "severity",
                                              f->is_error ? "error" : "warning", "line",
                                              (int)f->at.line, "column", (int)f->at.column, "rule",
                                              f->rule, "what", f->what, "mend", f->mend));
    }
    return list;
}

static void print_findings(struct cli *cli, const char *path, const struct maml *m)
{
    for (size_t i = 0; i < m->finding_count; i++) {
        const struct maml_finding *f = &m->findings[i];
        cli_print(cli, "%s:%u:%u: %s: %s; %s [%s]\n", shown(path), f->at.line, f->at.column,
                  f->is_error ? "error" : "warning", f->what, f->mend, f->rule);
    }
    const size_t more = m->errors + m->warnings - m->finding_count;
    if (more > 0)
        cli_print(cli, "%s: and %zu more\n", shown(path), more);
}

static int check_file(struct cli *cli, const char *path)
{
    struct cli_maml doc;
    int code = cli_maml_read(cli, path, cli_maml_mode(cli), &doc);

    if (code == CLI_DONE) {
        const struct maml *m = doc.maml;
        if (cli->json)
            cli_print_json(cli, json_pack("{s:s, s:b, s:i, s:i, s:o}", "file", path, "good",
                                          m->errors == 0, "errors", (int)m->errors, "warnings",
                                          (int)m->warnings, "findings", findings_json(m)));
        else
            print_findings(cli, path, m);
        if (m->errors > 0)
            code = cli_fail(cli, CLI_INPUT, shown(path), "mend what is listed",
                            "%zu error%s, %zu warning%s", m->errors, m->errors == 1 ? "" : "s",
                            m->warnings, m->warnings == 1 ? "" : "s");
        else if (!cli->json)
            cli_print(cli, "good %s: %zu sections, %zu warnings\n", shown(path), m->section_count,
                      m->warnings);
    }
    cli_maml_close(&doc);
    return code;
}

int cmd_maml_check(struct cli *cli)
{
    int code = CLI_DONE;

    for (int i = 0; i < cli->count; i++) {
        const int one = check_file(cli, cli->args[i]);
        if (code == CLI_DONE)
            code = one;
    }
    return code;
}

/* ---- show ---- */

static json_t *span_json(const struct maml *m, struct maml_span s)
{
    return json_stringn((const char *)m->doc + s.at, s.len);
}

/* A node with all that is in it. Depth is at most MAML_DEPTH, so a stack of that size will do. */
static json_t *tree_json(const struct maml *m)
{
    json_t *open[MAML_DEPTH + 1], *root = json_object();
    uint32_t next[MAML_DEPTH + 1];
    size_t depth = 1;

    open[0] = root;
    next[0] = m->node_count > 0 ? m->nodes[0].first : MAML_NONE;
    while (depth > 0) {
        const uint32_t at = next[depth - 1];
        if (at == MAML_NONE) {
            depth--;
            continue;
        }
        const struct maml_node *n = &m->nodes[at];
        json_t *into = open[depth - 1];
        next[depth - 1] = n->next;
        json_t *value = n->kind == MAML_SCALAR ? json_string(n->text)
                        : n->kind == MAML_MAP  ? json_object()
                                               : json_array();
        if (n->key != NULL)
            json_object_set_new(into, n->key, value);
        else
            json_array_append_new(into, value);
        if (n->kind != MAML_SCALAR) {
            open[depth] = value;
            next[depth++] = n->first;
        }
    }
    return root;
}

static json_t *sections_json(const struct maml *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->section_count; i++) {
        const struct maml_section *s = &m->sections[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:i, s:I, s:I}", "name", span_json(m, s->name),
                                        "line", (int)s->at.line, "offset", (json_int_t)s->whole.at,
                                        "bytes", (json_int_t)s->whole.len));
    }
    return list;
}

static json_t *history_json(const struct maml *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->entry_count; i++) {
        const struct maml_entry *e = &m->entries[i];
        json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o}", "line", (int)e->at.line,
                                              "time", span_json(m, e->time), "tag",
                                              span_json(m, e->tag), "text", span_json(m, e->text)));
    }
    return list;
}

static json_t *block_json(const struct maml *m)
{
    char when[UTC_BYTES + 1], id[2 * HEAD2_KEY_ID_BYTES + 1] = {0};

    if (!m->block_good)
        return json_null();
    utc_format(when, m->block.time_ms);
    hex_encode(id, m->block.key_id, sizeof m->block.key_id);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "signer", m->block.signer, "timestamp", when,
                     "algorithm", head2_alg_name(m->block.alg), "key_id", id, "media_type",
                     m->block.media_type, "proof", m->block.has_proof);
}

static const char *dialect_name(enum maml_dialect dialect)
{
    return dialect == MAML_DIALECT_VERSION  ? "maml_version"
           : dialect == MAML_DIALECT_SCHEMA ? "schema"
                                            : "unknown";
}

/* Text of the document for a terminal: control characters become question marks. */
static void print_span(struct cli *cli, const struct maml *m, struct maml_span s, size_t most)
{
    const size_t len = s.len < most ? s.len : most;

    for (size_t i = 0; i < len; i++) {
        const uint8_t c = m->doc[s.at + i];
        cli_write(cli, c < 0x20 ? (const uint8_t *)"?" : &c, 1);
    }
    if (len < s.len)
        cli_write(cli, "...", 3);
}

static void print_keys(struct cli *cli, const struct maml *m)
{
    for (uint32_t i = m->node_count > 0 ? m->nodes[0].first : MAML_NONE; i != MAML_NONE;
         i = m->nodes[i].next) {
        const struct maml_node *n = &m->nodes[i];
        json_t *text = n->kind == MAML_SCALAR ? json_string(n->text) : NULL;
        char *line = text != NULL ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
        if (line != NULL)
            cli_print(cli, "%s: %s\n", n->key, line);
        else
            cli_print(cli, "%s: (%u %s)\n", n->key, n->count,
                      n->kind == MAML_MAP ? "keys" : "values");
        free(line);
        json_decref(text);
    }
}

static void show_text(struct cli *cli, const struct maml *m)
{
    char when[UTC_BYTES + 1];

    print_keys(cli, m);
    for (size_t i = 0; i < m->section_count; i++) {
        const struct maml_section *s = &m->sections[i];
        cli_print(cli, "section %u ", s->at.line);
        print_span(cli, m, s->name, 80);
        cli_print(cli, " (%zu bytes)\n", s->whole.len);
    }
    for (size_t i = 0; i < m->entry_count; i++) {
        const struct maml_entry *e = &m->entries[i];
        cli_print(cli, "history %u ", e->at.line);
        print_span(cli, m, e->time, 40);
        cli_print(cli, " ");
        print_span(cli, m, e->tag, 40);
        cli_print(cli, " ");
        print_span(cli, m, e->text, 80);
        cli_print(cli, "\n");
    }
    if (m->block_good) {
        utc_format(when, m->block.time_ms);
        cli_print(cli, "signed by %s, %s, %s (not verified here)\n", m->block.signer, when,
                  head2_alg_name(m->block.alg));
    }
}

static int show_section(struct cli *cli, const char *path, const struct maml *m, const char *name)
{
    const struct maml_section *s = maml_section(m, name);

    if (s == NULL)
        return cli_fail(cli, CLI_INPUT, shown(path), "'head2 maml show' lists them",
                        "no section '%s'", name);
    cli_write(cli, m->doc + s->whole.at, s->whole.len);
    return CLI_DONE;
}

static int show_proof(struct cli *cli, const char *path, const struct maml *m, const char *out)
{
    uint8_t *proof = malloc(SIGBLOCK_PROOF_MAX);
    size_t len = SIGBLOCK_PROOF_MAX;
    int code;

    if (proof == NULL)
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    if (!m->block_good || !m->block.has_proof ||
        sigblock_proof((const char *)m->doc + m->end, m->len - m->end, proof, &len) != HEAD2_OK)
        code = cli_fail(cli, CLI_INPUT, shown(path), "sign it with --proof FILE",
                        "no evidence record in a signature block");
    else
        code = cli_write_file(cli, out, proof, len, 0644, FILE_KEEP);
    free(proof);
    return code;
}

static int show_file(struct cli *cli, const char *path)
{
    const char *name = cli_string(cli, "section"), *proof = cli_string(cli, "proof");
    struct cli_maml doc;
    int code = cli_maml_read(cli, path, MAML_LENIENT, &doc);

    if (code == CLI_DONE)
        code = cli_maml_refuse(cli, path, doc.maml);
    if (code != CLI_DONE)
        goto done;
    const struct maml *m = doc.maml;
    if (name != NULL)
        code = show_section(cli, path, m, name);
    else if (proof != NULL)
        code = show_proof(cli, path, m, proof);
    else if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "file", path, "dialect",
                                      dialect_name(m->dialect), "front_matter", tree_json(m),
                                      "sections", sections_json(m), "history", history_json(m),
                                      "signature", block_json(m)));
    else
        show_text(cli, m);

done:
    cli_maml_close(&doc);
    return code;
}

int cmd_maml_show(struct cli *cli)
{
    const bool has_name = cli_string(cli, "section") != NULL;
    const bool has_proof = cli_string(cli, "proof") != NULL;
    int code = CLI_DONE;

    if (has_name && (has_proof || cli->json))
        return cli_fail(cli, CLI_USAGE, "--section", "give it alone",
                        "it prints the section as is");
    if ((has_name || has_proof) && cli->count > 1)
        return cli_fail(cli, CLI_USAGE, has_name ? "--section" : "--proof", "give one document",
                        "there are %d documents", cli->count);
    for (int i = 0; i < cli->count; i++) {
        const int one = show_file(cli, cli->args[i]);
        if (code == CLI_DONE)
            code = one;
    }
    return code;
}

/* ---- may ---- */

static bool is_agent(const char *text)
{
    const size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '*')
            return false;
    return len > 0 && len <= MAML_AGENT && strstr(text, "://") != NULL;
}

int cmd_maml_may(struct cli *cli)
{
    const char *path = cli->args[0];
    const char *agent = cli_string(cli, "agent"), *action = cli_string(cli, "action");
    struct cli_maml doc;

    if (agent == NULL || !is_agent(agent))
        return cli_fail(cli, CLI_USAGE, "--agent", "give --agent agent://NAME",
                        "nothing says who asks");
    if (action == NULL)
        return cli_fail(cli, CLI_USAGE, "--action", "give --action read, write or execute",
                        "nothing says what is asked for");
    int code = cli_maml_read(cli, path, MAML_LENIENT, &doc);
    if (code == CLI_DONE)
        code = cli_maml_refuse(cli, path, doc.maml);
    if (code != CLI_DONE)
        goto done;
    const bool may = maml_may(doc.maml, agent, action);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:b}", "file", path, "agent", agent,
                                      "action", action, "may", may));
    else if (may)
        cli_print(cli, "%s may %s %s\n", agent, action, shown(path));
    if (!may)
        code = cli_fail(cli, CLI_REFUSED, shown(path), "its 'permissions' say who may",
                        "%s may not %s it", agent, action);

done:
    cli_maml_close(&doc);
    return code;
}
