/* How the cases talk to libjpeg: errors that come back to the caller instead of ending the program,
 * nothing printed, and output into memory that is kept from one picture to the next.
 *
 * Everything here belongs to one thread. */
#ifndef SUPPORT_LIBJPEG_H
#define SUPPORT_LIBJPEG_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

/* An error handler for one decoder or encoder, or for one of each that never work at the same time.
 * Use: object->err = libjpeg_trap(&trap) before jpeg_create_*; then `if (setjmp(trap.back) != 0)`
 * ahead of each use of the object: libjpeg comes back there with trap.code and trap.reason, and the
 * object is to be aborted (jpeg_abort_*) or destroyed. A warning of libjpeg's means that picture
 * data was lost (a truncated file is only a warning to it), so it is an error too. */
struct libjpeg_trap {
    struct jpeg_error_mgr manager; /* the first field: libjpeg hands back its address */
    jmp_buf back;
    int code;                     /* ENOMEM, or EBADMSG: the data are not a sound picture */
    char reason[JMSG_LENGTH_MAX]; /* libjpeg's message */
};
struct jpeg_error_mgr *libjpeg_trap(struct libjpeg_trap *trap);

/* A destination that grows as it needs to. Zeroed at first; bytes is malloc'd, the caller's to
 * free, and used again for the next picture. size is right after jpeg_finish_compress. */
struct libjpeg_sink {
    struct jpeg_destination_mgr manager; /* the first field, as above */
    unsigned char *bytes;
    size_t size, room;
};
struct jpeg_destination_mgr *libjpeg_sink(struct libjpeg_sink *sink);

#endif
