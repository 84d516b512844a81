/* A temporary file without a name, which is gone with whoever has it open, however that ends. */
#ifndef UTIL_TEMPFILE_H
#define UTIL_TEMPFILE_H

/* Returns a descriptor to write and read it by, or -1 with errno. It is in $TMPDIR, or /tmp. */
int tempfile_open(void);

/* The folder that it is made in, for messages. */
const char *tempfile_folder(void);

#endif
