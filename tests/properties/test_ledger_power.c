/*
 * The ledger after a power cut at every write: whatever was acknowledged is there, once, in its
 * place; the tree is that of the entries; what was signed is its beginning; and it goes on. Of what
 * had not been synced nothing is there, or all, or any sectors of it, torn. HEAD2_SOAK makes the
 * histories many and long.
 */
#include "disk_cut.h"
#include "ledger_fixture.h"

static char folder[100];

/* ---- a history ---- */

enum step_kind { STEP_END, STEP_APPEND, STEP_SIGN, STEP_OPEN };
struct step {
    enum step_kind kind;
    unsigned n; /* entries of an append, all of them at once */
};

/* What had been acknowledged when so many changes had been made to the disk. */
struct point {
    size_t changes;
    uint64_t entries, notes;
};
static struct point points[400];
static unsigned n_points;
static struct {
    char text[16384];
    size_t len;
    uint64_t size;
} notes[60]; /* acknowledged, in order */
static uint64_t n_notes;

static void acknowledged(uint64_t entries)
{
    CHECK(n_points < HEAD2_LEN(points));
    points[n_points++] = (struct point){disk.changes, entries, n_notes};
}

static struct ledger *opened(enum ledger_mode mode, unsigned pages)
{
    char sql[60];
    struct ledger *l = NULL;
    const enum head2_status st = ledger_open(&l, folder, mode, key, &fault);

    CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
    snprintf(sql, sizeof sql, "PRAGMA wal_autocheckpoint = %u", pages);
    if (mode == LEDGER_APPEND)
        CHECK_EQ(sqlite3_exec(l->db, sql, NULL, NULL, NULL), SQLITE_OK);
    return l;
}

/* Every step is followed by what it has acknowledged. pages: how full the log may get. */
static void live(const struct step *steps, unsigned pages)
{
    disk_clear();
    disk_forget();
    n_points = 0;
    n_notes = 0;
    disk.recording = true;
    struct ledger *l = opened(LEDGER_APPEND, pages);
    acknowledged(0);
    for (; steps->kind != STEP_END; steps++) {
        if (steps->kind == STEP_APPEND)
            append(l, steps->n);
        if (steps->kind == STEP_SIGN && l->is_signed != l->size) {
            CHECK_EQ(try_sign(l), HEAD2_OK);
            CHECK(n_notes < HEAD2_LEN(notes));
            notes[n_notes].len = sizeof notes[0].text;
            notes[n_notes].size = ledger_size(l);
            CHECK_EQ(ledger_note(l, 0, notes[n_notes].text, &notes[n_notes].len, &fault), HEAD2_OK);
            n_notes++;
        }
        if (steps->kind == STEP_OPEN) {
            ledger_close(l);
            l = opened(LEDGER_APPEND, pages);
        }
        acknowledged(ledger_size(l));
    }
    ledger_close(l);
    disk.recording = false;
}

/* ---- what has to hold ---- */

static uint64_t notes_seen;
static bool see_note(void *arg, uint64_t size, const char *note, size_t len)
{
    (void)arg;
    if (notes_seen < n_notes) {
        CHECK_EQ(size, notes[notes_seen].size);
        CHECK_EQ(len, notes[notes_seen].len);
        CHECK_MEM(note, notes[notes_seen].text, len);
    }
    notes_seen++;
    return true;
}

/* What was signed before is the beginning of what is signed after. */
static void check_consistent(struct ledger *l, uint64_t signed_before)
{
    const struct merkle_nodes nodes = ledger_nodes(l);
    struct checkpoint old, new;
    struct merkle_proof proof;
    const char *why;
    static char note[CHECKPOINT_NOTE_MAX];
    size_t len = sizeof note;

    if (signed_before == 0)
        return;
    CHECK_EQ(
        checkpoint_parse(&old, notes[signed_before - 1].text, notes[signed_before - 1].len, &why),
        HEAD2_OK);
    CHECK_EQ(ledger_note(l, 0, note, &len, &fault), HEAD2_OK);
    CHECK_EQ(checkpoint_parse(&new, note, len, &why), HEAD2_OK);
    CHECK_EQ(new.size, ledger_size(l));
    CHECK_EQ(merkle_prove_consistency(&proof, &nodes, old.size, new.size), HEAD2_OK);
    CHECK_EQ(merkle_check_consistency(old.root, old.size, new.root, new.size, &proof), HEAD2_OK);
}

/* before: acknowledged. after: what the step that was interrupted would have acknowledged. */
static void check_after_the_cut(const struct point *before, const struct point *after)
{
    struct ledger *l = opened(LEDGER_APPEND, 8);

    CHECK_SAY(ledger_size(l) == before->entries || ledger_size(l) == after->entries,
              "%llu entries, not %llu or %llu", (unsigned long long)ledger_size(l),
              (unsigned long long)before->entries, (unsigned long long)after->entries);
    notes_seen = 0;
    CHECK_EQ(ledger_each_note(l, see_note, NULL, &fault), HEAD2_OK);
    CHECK(notes_seen == before->notes || notes_seen == after->notes);
    check_whole(l);
    append(l, 2);
    CHECK_EQ(try_sign(l), HEAD2_OK);
    check_consistent(l, before->notes);
    const uint64_t size = ledger_size(l);
    ledger_close(l);
    l = opened(LEDGER_READ, 8);
    CHECK_EQ(ledger_size(l), size);
    CHECK_EQ(l->is_signed, size);
    check_whole(l);
    ledger_close(l);
}

/* Cut it after each of its changes. Returns how many disks there were. */
static unsigned cut_everywhere(unsigned tries, uint64_t seed)
{
    const struct point nothing = {0, 0, 0};
    unsigned disks = 0, at = 0;
    uint64_t random = seed * 0x9e3779b97f4a7c15u + 1;

    kept_clear();
    for (size_t changes = 0; changes <= disk.changes; changes++) {
        if (changes != 0)
            keep(changes - 1);
        while (at < n_points && points[at].changes <= changes)
            at++;
        const struct point *const before = at == 0 ? &nothing : &points[at - 1],
                                  *after = at < n_points ? &points[at] : before;
        const unsigned ways = is_pending(changes) ? 2 + tries : 1;
        for (unsigned way = 0; way < ways; way++, disks++) {
            cut(changes, way < LOST_SOME ? (enum lost)way : LOST_SOME, &random);
            check_after_the_cut(before, after);
        }
    }
    return disks;
}

/* ---- cases ---- */

/* Creation, single entries, batches that complete one tile and two, opened in between. */
static const struct step steps[] = {
    {STEP_APPEND, 1  },
    {STEP_APPEND, 2  },
    {STEP_SIGN,   0  },
    {STEP_APPEND, 250},
    {STEP_APPEND, 1  },
    {STEP_APPEND, 1  },
    {STEP_APPEND, 1  },
    {STEP_APPEND, 1  },
    {STEP_SIGN,   0  },
    {STEP_OPEN,   0  },
    {STEP_APPEND, 1  },
    {STEP_APPEND, 600},
    {STEP_SIGN,   0  },
    {STEP_APPEND, 3  },
    {STEP_END,    0  },
};

static void power_cut_anywhere(void)
{
    live(steps, 8); /* the log is played back into the database now and then */
    const unsigned disks = cut_everywhere(2, 1);
    printf("    %u disks after %zu changes\n", disks, disk.changes);
    CHECK(disk.changes > 150 && disks > disk.changes);
}

/* Nothing is played back until it is closed. */
static void power_cut_in_a_long_log(void)
{
    live(steps, 1000);
    (void)cut_everywhere(1, 2);
}

/* A test that could not fail would be none: entries that are told and not synced are lost. */
static void without_syncs_it_is_seen(void)
{
    unsigned lost = 0;

    live(steps, 8);
    for (size_t i = 0; i < disk.changes; i++)
        if (disk.change[i].kind == DISK_SYNC && i > disk.changes / 2)
            disk.change[i].kind = DISK_SYNC_LOST;
    kept_clear();
    for (size_t changes = 1; changes <= disk.changes; changes++)
        keep(changes - 1);
    cut(disk.changes, LOST_ALL, NULL);
    struct ledger *l = NULL;
    const enum head2_status st = ledger_open(&l, folder, LEDGER_READ, key, &fault);
    lost += st != HEAD2_OK || ledger_size(l) < points[n_points - 1].entries;
    ledger_close(l);
    CHECK_EQ(lost, 1);
}

static void histories(void)
{
    static struct step random_steps[60];
    unsigned disks = 0;

    const bool soak = getenv("HEAD2_SOAK") != NULL;
    for (uint64_t seed = 1; seed <= (soak ? 20 : 2); seed++) {
        uint64_t random = seed * 0x2545f4914f6cdd1du + 7;
        unsigned n = 0, entries = 0;
        while (n < (soak ? HEAD2_LEN(random_steps) - 1 : 8) && entries < 2500) {
            struct step *const s = &random_steps[n++];
            s->kind = STEP_APPEND + (enum step_kind)(disk_random(&random) % 10 < 7  ? 0
                                                     : disk_random(&random) % 4 < 3 ? 1
                                                                                    : 2);
            s->n = disk_random(&random) % 3 == 0 ? (unsigned)(disk_random(&random) % 700) + 1
                                                 : (unsigned)(disk_random(&random) % 4) + 1;
            entries += s->kind == STEP_APPEND ? s->n : 0;
        }
        random_steps[n].kind = STEP_END;
        live(random_steps, (unsigned)(disk_random(&random) % 30) + 1);
        disks += cut_everywhere(soak ? 6 : 1, seed);
    }
    printf("    %u disks\n", disks);
}

int main(void)
{
    key = fixed_key(HEAD2_MLDSA_44, 1); /* the quickest: it is about the disk */
    signer = artifact_signer_of_key(key, true);
    snprintf(folder, sizeof folder, "%s", fresh_folder());
    disk_begin();
    RUN(power_cut_anywhere);
    RUN(power_cut_in_a_long_log);
    RUN(without_syncs_it_is_seen);
    RUN(histories);
    kept_end();
    disk_end();
    remove_folder();
    head2_key_free(key);
    CHECK_EXIT();
}
