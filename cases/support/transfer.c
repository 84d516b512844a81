/* A short write is not an error yet: the write of the rest tells the cause. */
#include "transfer.h"

#include <errno.h>
#include <unistd.h>

int transfer_write(int file, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        ssize_t count = write(file, from, size);
        if (count == 0)
            errno = ENOSPC;
        if (count == 0 || (count < 0 && errno != EINTR))
            return -1;
        if (count > 0) {
            from += count;
            size -= (size_t)count;
        }
    }
    return 0;
}

int transfer_read(int file, void *bytes, size_t size, size_t room)
{
    unsigned char *to = bytes;
    for (size_t done = 0; done < size;) {
        ssize_t count = read(file, to + done, room - done);
        if (count == 0)
            errno = ENODATA;
        if (count == 0 || (count < 0 && errno != EINTR))
            return -1;
        done += count > 0 ? (size_t)count : 0;
    }
    return 0;
}
