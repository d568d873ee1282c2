#include "memory.h"

#include <stdint.h>
#include <stdlib.h>

bool buffer_reserve(struct buffer *buffer, size_t size)
{
    if (size <= buffer->capacity)
        return true;
    if (size > SIZE_MAX / 2)
        return false;
    buffer_free(buffer);
    size += size / 4; /* the next image may be a little larger */
    buffer->data = calloc(1, size);
    buffer->capacity = buffer->data ? size : 0;
    return buffer->data != NULL;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
    buffer->capacity = 0;
}
