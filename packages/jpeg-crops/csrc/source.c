#define _POSIX_C_SOURCE 200809L

#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* No photograph is that large; what is goes to Pillow. */
#define LARGEST_FILE ((size_t)1 << 28)

static bool read_all(int descriptor, uint8_t *data, size_t size)
{
    while (size) {
        ssize_t got = read(descriptor, data, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        data += got;
        size -= (size_t)got;
    }
    return true;
}

static enum jpeg_crops_status read_file(int descriptor, size_t limit, struct buffer *file,
                                        struct bytes *bytes)
{
    struct stat about;
    if (fstat(descriptor, &about) || !S_ISREG(about.st_mode) || about.st_size < 0 ||
        (uint64_t)about.st_size > LARGEST_FILE)
        return JPEG_CROPS_UNREADABLE;
    size_t size = (size_t)about.st_size < limit ? (size_t)about.st_size : limit;
    if (!buffer_reserve(file, size + 1)) /* never of zero bytes */
        return JPEG_CROPS_NO_MEMORY;
    if (!read_all(descriptor, file->data, size))
        return JPEG_CROPS_UNREADABLE;
    *bytes = (struct bytes){file->data, size};
    return JPEG_CROPS_DONE;
}

enum jpeg_crops_status source_read(const struct jpeg_crops_item *item, size_t limit,
                                   struct buffer *file, struct bytes *bytes)
{
    if (!item->path) {
        size_t size = item->size < limit ? (size_t)item->size : limit;
        *bytes = (struct bytes){item->data, size};
        return JPEG_CROPS_DONE;
    }
    int descriptor = open(item->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang */
    if (descriptor < 0)
        return JPEG_CROPS_UNREADABLE;
    enum jpeg_crops_status status = read_file(descriptor, limit, file, bytes);
    close(descriptor);
    return status;
}
