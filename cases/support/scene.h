/* Paints pictures that are like photographs: skies and ridges, towns, still lifes; smooth gradients
 * and sharp edges, texture, uneven light, and the noise of a sensor. Deterministic on every
 * machine: all of it is integer arithmetic on hashes of a seed and the picture's number. Pure
 * functions. */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include <stdint.h>

#define SCENE_LENGTH_MAX 1024 /* pixels of the longer side; the shortest has 320 */

/* What is decided before painting. */
struct scene {
    uint64_t key;
    unsigned width, height; /* pixels, the right way up */
    unsigned orientation;   /* EXIF 1 to 8 that the photograph is to be stored with; 0: untagged */
};

struct scene scene_plan(uint64_t seed, uint64_t number);

/* Paints the scene the right way up, width * height * 3 bytes of RGB. */
void scene_paint(const struct scene *scene, unsigned char *rgb);

#endif
