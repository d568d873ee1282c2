#include "resizer.h"

#include <string.h>

/* Rows are kept in a ring that holds just what one row of the crop is made of, so that
 * it stays in the nearest cache: rows that have been resized along the row already, or
 * rows of the image (RGBX) where that comes second. */

static uint8_t *ring_row(const struct resizer *resizer, uint32_t input)
{
    return (uint8_t *)resizer->ring_memory.data +
           (input % resizer->ring_rows) * resizer->ring_stride;
}

static size_t crop_stride(const struct resizer *resizer)
{
    return 3 * (size_t)resizer->across.outputs;
}

/* The bytes of a row in the ring. */
static size_t line_size(const struct resizer *resizer)
{
    return resizer->order == ALONG_ROWS_FIRST
               ? crop_stride(resizer)
               : 4 * (size_t)(resizer->across.end - resizer->across.begin);
}

bool resizer_begin(struct resizer *resizer, const struct kernels *kernels, struct axis across,
                   struct axis down, enum order order, bool mirrored, uint8_t *crop)
{
    if (!coefficients_make(&resizer->across, across.inputs, across.from, across.to,
                           across.outputs, mirrored) ||
        !coefficients_make(&resizer->down, down.inputs, down.from, down.to, down.outputs, false))
        return false;
    resizer->kernels = kernels;
    resizer->order = order;
    resizer->crop = crop;
    resizer->ring_rows = (size_t)resizer->down.taps + 2; /* rows come in twos */
    resizer->ring_stride = line_size(resizer) + ROW_PADDING;
    resizer->next_input = resizer->down.begin;
    resizer->next_output = 0;
    return buffer_reserve(&resizer->ring_memory, resizer->ring_rows * resizer->ring_stride) &&
           buffer_reserve(&resizer->pointer_memory,
                          resizer->down.taps * sizeof(const uint8_t *)) &&
           buffer_reserve(&resizer->line_memory,
                          resizer->ring_stride + crop_stride(resizer) + ROW_PADDING);
}

/* Resize one row along the row, to a place where nothing may be written behind it. */
static void narrow_one(struct resizer *resizer, const uint8_t *line, uint8_t *crop)
{
    uint8_t *narrow = (uint8_t *)resizer->line_memory.data + resizer->ring_stride;
    const uint8_t *const twice[2] = {line, line};
    uint8_t *const to[2] = {narrow, narrow};
    resizer->kernels->horizontal(twice, to, &resizer->across, resizer->across.begin);
    memcpy(crop, narrow, crop_stride(resizer));
}

static void make_row(struct resizer *resizer)
{
    const struct coefficients *down = &resizer->down;
    const uint8_t **rows = resizer->pointer_memory.data;
    uint32_t output = resizer->next_output++;
    const int32_t *weights = down->weights + (size_t)output * down->taps;
    uint8_t *crop = resizer->crop + output * crop_stride(resizer);
    for (uint32_t tap = 0; tap < down->taps; tap++)
        rows[tap] = ring_row(resizer, down->first[output] + tap);
    if (resizer->order == ALONG_ROWS_FIRST) {
        resizer->kernels->vertical(rows, weights, down->taps, crop, crop_stride(resizer));
    } else {
        uint8_t *line = resizer->line_memory.data;
        resizer->kernels->vertical(rows, weights, down->taps, line, line_size(resizer));
        narrow_one(resizer, line, crop);
    }
}

/* Put one or two rows into the ring. */
static void keep(struct resizer *resizer, const uint8_t *const rows[2], uint32_t count,
                 uint32_t begin)
{
    uint8_t *const lines[2] = {ring_row(resizer, resizer->next_input),
                               ring_row(resizer, resizer->next_input + count - 1)};
    if (resizer->order == ALONG_ROWS_FIRST) {
        const uint8_t *const pair[2] = {rows[0], rows[count - 1]};
        resizer->kernels->horizontal(pair, lines, &resizer->across, begin);
    } else {
        for (uint32_t i = 0; i < count; i++)
            memcpy(lines[i], rows[i] + 4 * (size_t)(resizer->across.begin - begin),
                   line_size(resizer));
    }
    resizer->next_input += count;
}

/* The row of the image past the last that a row of the crop is made of. */
static uint32_t end_of(const struct coefficients *down, uint32_t output)
{
    uint32_t end = down->first[output] + down->taps;
    return end < down->end ? end : down->end;
}

void resizer_take(struct resizer *resizer, const uint8_t *const rows[2], uint32_t count,
                  uint32_t begin)
{
    keep(resizer, rows, count, begin);
    while (resizer->next_output < resizer->down.outputs &&
           end_of(&resizer->down, resizer->next_output) <= resizer->next_input)
        make_row(resizer);
}

void resizer_free(struct resizer *resizer)
{
    coefficients_free(&resizer->across);
    coefficients_free(&resizer->down);
    buffer_free(&resizer->ring_memory);
    buffer_free(&resizer->pointer_memory);
    buffer_free(&resizer->line_memory);
}
