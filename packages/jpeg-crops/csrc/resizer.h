/* Rows of an image in, rows of the resized crop out, as soon as they can be made. */
#ifndef RESIZER_H
#define RESIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "coefficients.h"
#include "kernels.h"
#include "memory.h"

/* Between the two passes pixels are rounded to bytes, so their order shows: by one
 * grey level here and there. */
enum order { ALONG_ROWS_FIRST, ALONG_COLUMNS_FIRST };

struct resizer {
    struct coefficients across, down;
    struct buffer ring_memory, pointer_memory, line_memory;
    const struct kernels *kernels;

    /* Of the crop that is being made. */
    enum order order;
    uint8_t *crop;
    size_t ring_rows, ring_stride;
    uint32_t next_input;  /* the row of the image that comes next */
    uint32_t next_output; /* the row of the crop that is made next */
};

/* An axis of a resize: the part [from, to) of `inputs` pixels becomes `outputs`. */
struct axis {
    uint32_t inputs;
    float from, to;
    uint32_t outputs;
};

/* Begin a crop. The rows and columns that it needs are then in `down` and `across`.
 * False if there is no memory. */
bool resizer_begin(struct resizer *resizer, const struct kernels *kernels, struct axis across,
                   struct axis down, enum order order, bool mirrored, uint8_t *crop);

/* Take the next one or two rows of RGBX, which start at column `begin` of the image. */
void resizer_take(struct resizer *resizer, const uint8_t *const rows[2], uint32_t count,
                  uint32_t begin);

void resizer_free(struct resizer *resizer);

#endif
