/* see report_entropy.h */
#include "gateway/report_entropy.h"

#include "artifact/entropy_text.h"

double report_entropy_supply(const struct head2_entropy_source_info *s)
{
    return s->busy_ns == 0 ? 0 : (double)s->samples * s->credit / (double)s->busy_ns * 1e9;
}

static json_t *source_json(const struct head2_entropy_source_info *s)
{
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:f, s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "name", s->name,
        "kind", entropy_kind_name(s->kind), "state", entropy_state_name(s->state), "binary",
        (int)s->binary, "credited", (int)s->credited, "h", s->h, "credit", s->credit, "samples",
        (json_int_t)s->samples, "startup_samples", (json_int_t)s->tested, "credited_bits",
        s->credited_bits, "spent_bits", s->spent_bits, "voided_bits", s->voided_bits,
        "waiting_bits", s->waiting_bits, "supply_bits_per_second", report_entropy_supply(s));

    json_object_update_new(o, json_pack("{s:i, s:[i,i], s:i, s:[i,i], s:i, s:i}", "longest_run",
                                        (int)s->longest_run, "run_cutoffs", (int)s->rct_cutoff[0],
                                        (int)s->rct_cutoff[1], "most_in_window",
                                        (int)s->most_in_window, "window_cutoffs",
                                        (int)s->apt_cutoff[0], (int)s->apt_cutoff[1], "startups",
                                        (int)s->startups, "failures", (int)s->failures));
    if (s->why[0] != 0)
        json_object_set_new(o, "why", json_string(s->why));
    return o;
}

json_t *report_entropy(const struct head2_entropy_info *info)
{
    json_t *sources = json_array();

    for (unsigned i = 0; i < info->n; i++)
        json_array_append_new(sources, source_json(&info->source[i]));
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:I, s:I, s:I, s:o}", "policy",
                     entropy_policy_name(info->policy), "reseed", entropy_reseed_name(info->reseed),
                     "generator", entropy_generator_name(info->generator), "method",
                     info->physical_only ? 1 : 2, "open", (int)info->open, "single",
                     (int)info->single, "clone_number", (int)info->generation, "instances",
                     (json_int_t)info->instances, "seeds", (json_int_t)info->seeds, "forks",
                     (json_int_t)info->forks, "sources", sources);
}
