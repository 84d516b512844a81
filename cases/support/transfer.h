/* Bytes to and from an open file, all of them: write and read may do less than they were asked for.
 * Safe from any thread, on different files. */
#ifndef SUPPORT_TRANSFER_H
#define SUPPORT_TRANSFER_H

#include <stddef.h>

/* Writes all of it at the file's position. Returns 0, or -1 with errno. */
int transfer_write(int file, const void *bytes, size_t size);

/* Reads `size` bytes at the file's position. `room` bytes, at least as many, are there and are
 * asked for: a file past the page cache (O_DIRECT) wants that rounded up to its blocks, also where
 * it ends sooner. Returns 0, or -1 with errno; ENODATA: the file is shorter. */
int transfer_read(int file, void *bytes, size_t size, size_t room);

#endif
