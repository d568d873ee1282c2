/* From the bytes of one JPEG to one crop. */
#ifndef DECODER_H
#define DECODER_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "entropy.h"
#include "jpeg_crops.h"
#include "memory.h"
#include "resizer.h"
#include "source.h"

/* What one thread needs, used again for every image: memory that is warm in the cache
 * is half of the speed. */
struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf give_up;
    bool ready; /* `jpeg` has been created */
    struct buffer file, rows;
    struct resizer resizer;
    struct entropy entropy;
};

/* A decoder starts as zeros; false if libjpeg cannot be used. */
bool decoder_begin(struct decoder *decoder);
void decoder_free(struct decoder *decoder);

enum jpeg_crops_status decoder_crop(struct decoder *decoder, const struct jpeg_crops_item *item,
                                    const struct jpeg_crops_settings *settings,
                                    const struct kernels *kernels);

/* Read height and width from the header. */
enum jpeg_crops_status decoder_size(struct decoder *decoder, struct jpeg_crops_item *item);

#endif
