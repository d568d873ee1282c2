#include "coefficients.h"

#include <math.h>
#include <string.h>

/* The filter of one axis. All arithmetic is in the types and the order of Pillow's
 * (libImaging/Resample.c): a box of float32, the rest in double. */
struct filter {
    uint32_t inputs;
    double from, scale, support;
};

struct span {
    uint32_t first, count;
};

static struct filter filter_for(uint32_t inputs, float from, float to, uint32_t outputs)
{
    double scale = (double)(to - from) / outputs;
    return (struct filter){inputs, from, scale, scale < 1.0 ? 1.0 : scale};
}

static double centre_of(const struct filter *filter, uint32_t output)
{
    return filter->from + (output + 0.5) * filter->scale;
}

/* The inputs under the triangle of one output. */
static struct span span_of(const struct filter *filter, uint32_t output)
{
    double centre = centre_of(filter, output);
    double first = centre - filter->support + 0.5;
    double past = centre + filter->support + 0.5;
    uint32_t begin = first > 0 ? (uint32_t)first : 0;
    uint32_t end = past < filter->inputs ? (uint32_t)past : filter->inputs;
    return (struct span){begin, end - begin};
}

static double triangle(double x)
{
    return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0;
}

static void weigh(const struct filter *filter, uint32_t output, struct span span, int32_t *weights)
{
    double centre = centre_of(filter, output);
    double inverse = 1.0 / filter->support;
    double sum = 0.0;
    /* int is what Pillow counts in; in unsigned numbers the difference would wrap. */
    for (int x = 0; x < (int)span.count; x++)
        sum += triangle((x + (int)span.first - centre + 0.5) * inverse);
    for (int x = 0; x < (int)span.count; x++) {
        double weight = triangle((x + (int)span.first - centre + 0.5) * inverse);
        if (sum != 0.0)
            weight /= sum;
        weights[x] = (int32_t)(0.5 + weight * (1 << WEIGHT_BITS));
    }
}

static void split(const int32_t *weights, uint32_t taps, int16_t *parts)
{
    for (uint32_t tap = 0; tap < taps; tap += 2, parts += 4) {
        for (uint32_t i = 0; i < 2; i++) {
            parts[i] = (int16_t)(weights[tap + i] >> LOW_BITS);
            parts[2 + i] = (int16_t)(weights[tap + i] & ((1 << LOW_BITS) - 1));
        }
    }
}

static bool reserve(struct coefficients *to, uint32_t filled)
{
    size_t weights = (size_t)filled * to->taps; /* both are below 2^18 */
    size_t size = filled * sizeof *to->first + weights * sizeof *to->weights +
                  2 * weights * sizeof *to->parts;
    if (!buffer_reserve(&to->memory, size))
        return false;
    memset(to->memory.data, 0, size);
    to->first = to->memory.data;
    to->weights = (int32_t *)(to->first + filled);
    to->parts = (int16_t *)(to->weights + weights);
    return true;
}

/* Write the weights of an output to its place in the table. */
static void fill(struct coefficients *to, const struct filter *filter, uint32_t place,
                 uint32_t output)
{
    struct span span = span_of(filter, output);
    /* Near the end fewer inputs than taps are left: weights of 0 then stand in front,
     * so that no kernel reads beyond the last input. */
    uint32_t latest = to->end - to->begin > to->taps ? to->end - to->taps : to->begin;
    uint32_t first = span.first < latest ? span.first : latest;
    int32_t *weights = to->weights + (size_t)place * to->taps;
    to->first[place] = first;
    weigh(filter, output, span, weights + (span.first - first));
    split(weights, to->taps, to->parts + 2 * (size_t)place * to->taps);
}

bool coefficients_make(struct coefficients *coefficients, uint32_t inputs, float from, float to,
                       uint32_t outputs, bool mirrored)
{
    struct filter filter = filter_for(inputs, from, to, outputs);
    uint32_t taps = 0, filled = (outputs + OUTPUT_GROUP - 1) / OUTPUT_GROUP * OUTPUT_GROUP;
    for (uint32_t output = 0; output < outputs; output++) {
        struct span span = span_of(&filter, output);
        taps = span.count > taps ? span.count : taps;
    }
    coefficients->outputs = outputs;
    coefficients->taps = (taps + 1) / 2 * 2;
    coefficients->begin = span_of(&filter, 0).first;
    struct span last = span_of(&filter, outputs - 1);
    coefficients->end = last.first + last.count;
    if (!reserve(coefficients, filled))
        return false;
    for (uint32_t place = 0; place < filled; place++) {
        /* What fills up the last group is the last output again. */
        uint32_t output = place < outputs ? place : outputs - 1;
        if (mirrored)
            output = outputs - 1 - output;
        fill(coefficients, &filter, place, output);
    }
    return true;
}

void coefficients_free(struct coefficients *coefficients)
{
    buffer_free(&coefficients->memory);
}
