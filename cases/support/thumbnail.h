/* Makes a thumbnail of one JPEG picture, from memory to memory.
 *
 * The picture is scaled to fit a square, keeping its aspect ratio, is never enlarged, and is turned
 * the right way up as its EXIF orientation says. Greyscale stays greyscale; CMYK becomes RGB by its
 * simplest formula; colour profiles and all other metadata are left behind.
 *
 * A maker holds one worker's libjpeg objects and buffers, which it uses for picture after picture.
 * It belongs to one thread. */
#ifndef SUPPORT_THUMBNAIL_H
#define SUPPORT_THUMBNAIL_H

#include <stddef.h>

#define THUMBNAIL_SIZE_MAX 1024
#define THUMBNAIL_QUALITY_MAX 100

struct thumbnail_maker;

/* size: the square's side in pixels, 1 to THUMBNAIL_SIZE_MAX; quality: libjpeg's, 1 to 100.
 * NULL: no memory. */
struct thumbnail_maker *thumbnail_new(unsigned size, int quality);
void thumbnail_free(struct thumbnail_maker *maker);

/* The thumbnail of the last picture made; valid until the next call. */
struct thumbnail {
    const unsigned char *bytes; /* a JPEG file */
    size_t size;
};

/* Returns 0 with *thumbnail filled in; EBADMSG where the picture is not a JPEG or is not whole,
 * ENOTSUP where it is one that this cannot read, or ENOMEM; *why is then libjpeg's own words or
 * ours, valid until the next call. The maker stays usable. Damage that leaves as many blocks as
 * there should be goes unseen, because JPEG has no checksum. */
int thumbnail_make(struct thumbnail_maker *maker, const unsigned char *picture, size_t size,
    struct thumbnail *thumbnail, const char **why);

#endif
