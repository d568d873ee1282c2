/* Buffers that grow and are used again for the next image. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    void *data;
    size_t capacity;
};

/* Make room for `size` bytes; what was in the buffer may be lost. */
bool buffer_reserve(struct buffer *buffer, size_t size);
void buffer_free(struct buffer *buffer);

#endif
