/* bench_json.c - the results for programs. */
#include "bench_results.h"
#include "json_writer.h"

static const char *const ROLES[] = {[PROOF_NAIVE] = "naive",
                                    [PROOF_OURS] = "optimised",
                                    [PROOF_PEER] = "peer",
                                    [PROOF_LIMIT] = "limit"};

static void put_machine(json_writer *w, const bench_machine *machine) {
    json_open(w, "machine", '{');
    json_text(w, "processor", machine->processor);
    json_count(w, "processors", (uint64_t)machine->processors);
    json_text(w, "instructions", machine->instructions);
    json_number(w, "memory_bytes", machine->memory_bytes);
    json_text(w, "system", machine->system);
    json_text(w, "hypervisor", machine->hypervisor);
    json_text(w, "disk", machine->disk);
    json_text(w, "compiler", machine->compiler);
    json_text(w, "flags", machine->flags);
    json_text(w, "libraries", machine->libraries);
    json_text(w, "version", machine->version);
    json_text(w, "commit", machine->commit);
    json_close(w);
}

static void put_figure(json_writer *w, const char *key, const proof_figure *figure) {
    json_open(w, key, '{');
    json_number(w, "median", figure->median);
    json_number(w, "low", figure->low);
    json_number(w, "high", figure->high);
    json_close(w);
}

/* The curve of one way along one axis. */
static void put_growth(json_writer *w, const proof_axis *axis, const proof_figure *growth) {
    json_open(w, NULL, '{');
    json_text(w, "along", axis->name);
    json_open(w, "ns", '[');
    for (uint32_t place = 0; place < axis->count; place++) {
        if (growth[place].count == 0)
            continue;
        json_open(w, NULL, '{');
        json_count(w, "at", axis->values[place]);
        json_number(w, "median", growth[place].median);
        json_number(w, "low", growth[place].low);
        json_number(w, "high", growth[place].high);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

static void put_way(json_writer *w, const char *key, const proof_job *job,
                    const proof_result *result, uint32_t way) {
    const proof_way_result *of = &result->ways[way];
    json_open(w, key, '{');
    json_text(w, "name", job->ways[way].name);
    json_text(w, "role", ROLES[job->ways[way].role]);
    if (!of->measured) {
        json_text(w, "not_measured", of->reason);
        json_close(w);
        return;
    }
    json_number(w, "per_second", 1e9 / of->ns.median);
    json_number(w, "median_ns", of->ns.median);
    json_number(w, "low_ns", of->ns.low);
    json_number(w, "high_ns", of->ns.high);
    if (of->latency_ns[3] > 0) {
        json_number(w, "p50_ns", (double)of->latency_ns[0]);
        json_number(w, "p99_ns", (double)of->latency_ns[1]);
        json_number(w, "p999_ns", (double)of->latency_ns[2]);
        json_number(w, "greatest_ns", (double)of->latency_ns[3]);
    }
    if (job->quality != NULL)
        json_number(w, "quality", of->quality);
    json_count(w, "units", of->units);
    put_figure(w, "of_ours", &result->ratio[way]);
    json_open(w, "samples_ns", '[');
    for (uint32_t round = 0; round < result->rounds; round++)
        json_number(w, NULL, of->samples[round]);
    json_close(w);
    json_open(w, "growth", '[');
    for (uint32_t axis = 0; axis < PROOF_AXES_MAX; axis++) {
        if (job->axes[axis].count > 0)
            put_growth(w, &job->axes[axis], of->growth[axis]);
    }
    json_close(w);
    json_close(w);
}

/* The two that are asked for by name, as objects of their own; then all ways in a row. */
static void put_ways(json_writer *w, const proof_job *job, const proof_result *result) {
    uint32_t naive = proof_find(job, PROOF_NAIVE);
    if (naive < PROOF_WAYS_MAX)
        put_way(w, "naive", job, result, naive);
    put_way(w, "optimised", job, result, proof_find(job, PROOF_OURS));
    json_open(w, "ways", '[');
    for (uint32_t way = 0; way < proof_way_count(job); way++)
        put_way(w, NULL, job, result, way);
    json_close(w);
}

static void put_job(json_writer *w, const proof_job *job, const proof_result *result) {
    char claim[BENCH_CELL_SIZE];
    json_open(w, NULL, '{');
    json_text(w, "name", job->name);
    json_text(w, "part", job->part);
    json_text(w, "title", job->title);
    json_text(w, "unit", job->unit);
    json_text(w, "verdict", proof_verdict_name(result->verdict));
    json_text(w, "claimed", bench_claim(job, claim));
    json_number(w, "seconds", (double)result->elapsed_ns / 1e9);
    if (result->verdict == PROOF_FAILED) {
        json_text(w, "error", result->error.message);
    } else {
        json_number(w, "noise", result->noise);
        json_count(w, "rounds", result->rounds);
        json_number(w, "speedup", result->speedup.median);
        put_figure(w, "speedup_spread", &result->speedup);
        if (job->quality != NULL)
            json_text(w, "quality", job->quality);
        put_ways(w, job, result);
    }
    json_close(w);
}

void bench_write_json(const bench_results *results, FILE *stream) {
    json_writer w = json_writer_into(stream);
    tw_error unused;
    put_machine(&w, &results->machine);
    json_time(&w, "begun", results->begun_ns);
    json_number(&w, "seconds", (double)results->elapsed_ns / 1e9);
    json_flag(&w, "quick", results->quick);
    json_open(&w, "jobs", '[');
    for (size_t i = 0; i < results->count; i++)
        put_job(&w, results->jobs[i], &results->results[i]);
    json_close(&w);
    if (json_writer_end(&w, &unused) != TW_OK)
        return; /* the caller asks the stream */
}
