/* The encoded bytes of an image: the caller's, or read from a file. */
#ifndef SOURCE_H
#define SOURCE_H

#include "jpeg_crops.h"
#include "memory.h"

struct bytes {
    const uint8_t *data;
    size_t size;
};

/* Find the bytes of an item, at most `limit` of them. What is read from a file
 * stays in `file` until the next call. */
enum jpeg_crops_status source_read(const struct jpeg_crops_item *item, size_t limit,
                                   struct buffer *file, struct bytes *bytes);

#endif
