/* Painted like a stage: the far things first, then nearer ones over them, each confined to the
 * pixels that it covers, and last what the camera adds. Colours and shares are 0 to 255 or 256. */
#include "scene.h"

#include "../../harness/util/hash.h"

#include <stddef.h>

#define NEAREST_RIDGE 4
#define VIGNETTE 70    /* how much darker the corners are, of 256 */
#define SENSOR_NOISE 9 /* the widest swing, in steps of brightness, at mid grey */

struct colour {
    int r, g, b;
};

struct canvas {
    uint64_t key;
    uint64_t draws; /* random numbers taken so far */
    int width, height;
    int unit; /* a hundredth of the shorter side, at least 2 pixels */
    unsigned char *rgb;
};

/* --- chance ----------------------------------------------------------------------------------- */

static int draw(struct canvas *canvas, int low, int high)
{
    uint64_t hash = hash_mix(canvas->key, canvas->draws++);
    return low + (int)(hash % (uint64_t)(high - low + 1));
}

static struct colour draw_near(struct canvas *canvas, struct colour colour, int spread)
{
    int light = draw(canvas, -spread, spread);
    colour.r += light + draw(canvas, -spread / 2, spread / 2);
    colour.g += light + draw(canvas, -spread / 2, spread / 2);
    colour.b += light + draw(canvas, -spread / 2, spread / 2);
    return colour;
}

static int mix(int a, int b, int share)
{
    return a + ((b - a) * share >> 8);
}

/* Value noise: random numbers on the corners of a grid of 2^shift pixels, joined smoothly; then on
 * a finer grid at half the strength, and so on. Neighbouring pixels mostly share their corners, so
 * each grid keeps the last ones. */
#define OCTAVES_MAX 5
struct texture {
    uint64_t key;
    int shift, octaves;
    struct cell {
        int x, y;
        int corners[4];
    } cells[OCTAVES_MAX];
};

static struct texture texture_new(uint64_t key, int shift, int octaves)
{
    struct texture texture = {.key = key, .shift = shift};
    texture.octaves = octaves < shift + 1 ? octaves : shift + 1;
    for (int i = 0; i < texture.octaves; i++)
        texture.cells[i].x = -1;
    return texture;
}

static int corner(uint64_t key, int x, int y)
{
    return (int)(hash_mix(key, (uint64_t)x << 32 | (uint64_t)y) >> 56);
}

static const int *corners_at(struct texture *texture, int octave, int x, int y)
{
    struct cell *cell = &texture->cells[octave];
    if (cell->x != x || cell->y != y) {
        const uint64_t key = texture->key + (uint64_t)octave;
        *cell = (struct cell){x, y,
            {corner(key, x, y), corner(key, x + 1, y), corner(key, x, y + 1),
                corner(key, x + 1, y + 1)}};
    }
    return cell->corners;
}

static int smooth(int part) /* of 256; its slope is 0 at both ends */
{
    return part * part * (768 - 2 * part) >> 16;
}

/* The texture's brightness at x, y >= 0: 0 to 255, 128 on average. */
static int texture_at(struct texture *texture, int x, int y)
{
    int sum = 0;
    for (int i = 0; i < texture->octaves; i++) {
        const int shift = texture->shift - i, mask = (1 << shift) - 1;
        const int *corners = corners_at(texture, i, x >> shift, y >> shift);
        int u = smooth((x & mask) << 8 >> shift), v = smooth((y & mask) << 8 >> shift);
        int value = mix(mix(corners[0], corners[1], u), mix(corners[2], corners[3], u), v);
        sum += value << (texture->octaves - i);
    }
    return sum / ((2 << texture->octaves) - 2); /* the sum of the strengths */
}

/* --- paint ------------------------------------------------------------------------------------ */

static struct colour blend(struct colour a, struct colour b, int share)
{
    return (struct colour){mix(a.r, b.r, share), mix(a.g, b.g, share), mix(a.b, b.b, share)};
}

static struct colour lit(struct colour colour, int light)
{
    return (struct colour){colour.r * light >> 8, colour.g * light >> 8, colour.b * light >> 8};
}

static unsigned char byte(int value)
{
    return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static unsigned char *pixel_at(const struct canvas *canvas, int x, int y)
{
    return canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3;
}

static void put(const struct canvas *canvas, int x, int y, struct colour colour, int share)
{
    unsigned char *pixel = pixel_at(canvas, x, y);
    pixel[0] = byte(mix(pixel[0], colour.r, share));
    pixel[1] = byte(mix(pixel[1], colour.g, share));
    pixel[2] = byte(mix(pixel[2], colour.b, share));
}

/* A texture of its own, its grid the largest that fits `part` units. */
static struct texture draw_texture(struct canvas *canvas, int part, int octaves)
{
    int shift = 1;
    while (2 << shift <= canvas->unit * part)
        shift++;
    return texture_new(hash_mix(canvas->key, canvas->draws++), shift, octaves);
}

static void paint_sky(struct canvas *canvas, struct colour zenith, struct colour horizon, int depth)
{
    const int overcast = draw(canvas, 90, 170);
    const struct colour cloud = {238, 236, 234};
    struct texture clouds = draw_texture(canvas, 60, 4);
    for (int y = 0; y < depth; y++) {
        const struct colour sky = blend(zenith, horizon, y * 256 / depth);
        for (int x = 0; x < canvas->width; x++) {
            int cover = texture_at(&clouds, x, 2 * y) - overcast;
            put(canvas, x, y, blend(sky, cloud, clamp(cover * 5, 0, 200)), 256);
        }
    }
}

/* Hills from the line down to the picture's lower edge; roughness: their height in units. */
static void paint_ridge(
    struct canvas *canvas, int line, int roughness, struct colour colour, int grain)
{
    struct texture outline = draw_texture(canvas, 50, 5), ground = draw_texture(canvas, 6, 3);
    int tops[SCENE_LENGTH_MAX], highest = canvas->height;
    for (int x = 0; x < canvas->width; x++) {
        int height = (texture_at(&outline, x, 0) - 128) * roughness * canvas->unit / 128;
        tops[x] = clamp(line - height, 0, canvas->height);
        highest = tops[x] < highest ? tops[x] : highest;
    }
    for (int y = highest; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            if (y < tops[x])
                continue;
            int light = 256 + (texture_at(&ground, x, 2 * y) - 128) * grain / 64;
            put(canvas, x, y, lit(colour, light), y == tops[x] ? 128 : 256);
        }
}

struct ellipse {
    int x, y, across, down; /* centre and half axes, pixels */
    int softness;           /* width of the edge, pixels */
    int relief;             /* 0: flat as a disc; 256: round as a ball, lit from the upper left */
    int grain;              /* of its texture */
};

static void paint_ellipse(struct canvas *canvas, const struct ellipse *e, struct colour colour)
{
    struct texture skin = draw_texture(canvas, 5, 1);
    const int shorter = e->across < e->down ? e->across : e->down;
    const int left = clamp(e->x - e->across, 0, canvas->width);
    const int right = clamp(e->x + e->across + 1, 0, canvas->width);
    const int bottom = clamp(e->y + e->down + 1, 0, canvas->height);
    for (int y = clamp(e->y - e->down, 0, canvas->height); y < bottom; y++)
        for (int x = left; x < right; x++) {
            int u = (x - e->x) * 256 / e->across, v = (y - e->y) * 256 / e->down;
            int inside = 256 - ((u * u + v * v) >> 8);
            if (inside <= 0)
                continue;
            int shade = (u + v - 96) * e->relief >> 10;
            int rough = (texture_at(&skin, x, y) - 128) * e->grain >> 7;
            int share = clamp(inside * shorter / (2 * e->softness), 0, 256);
            put(canvas, x, y, lit(colour, 256 - shade + rough), share);
        }
}

static void paint_box(
    struct canvas *canvas, int x, int y, int across, int down, struct colour colour)
{
    const int right = clamp(x + across, 0, canvas->width);
    const int bottom = clamp(y + down, 0, canvas->height);
    for (int row = clamp(y, 0, canvas->height); row < bottom; row++)
        for (int column = clamp(x, 0, canvas->width); column < right; column++)
            put(canvas, column, row, colour, 256);
}

/* --- scenes ----------------------------------------------------------------------------------- */

static void paint_tree(struct canvas *canvas, int x, int foot, int size)
{
    const struct colour bark = {62, 48, 38};
    const struct colour leaf = draw_near(canvas, (struct colour){58, 84, 40}, 18);
    paint_box(canvas, x - size / 16, foot - size / 2, size / 8 + 1, size / 2, bark);
    for (int i = 0; i < 5; i++) {
        int aside = draw(canvas, -size / 4, size / 4), above = draw(canvas, 0, size / 3);
        struct ellipse crown = {.x = x + aside,
            .y = foot - size / 2 - above,
            .across = size / 4 + 1,
            .down = size / 4 + 1,
            .softness = 1 + size / 40,
            .relief = 256,
            .grain = 90};
        paint_ellipse(canvas, &crown, leaf);
    }
}

static void paint_landscape(struct canvas *canvas)
{
    const struct colour haze = draw_near(canvas, (struct colour){196, 200, 206}, 24);
    const struct colour zenith = draw_near(canvas, (struct colour){84, 128, 190}, 30);
    const struct colour ground = draw_near(canvas, (struct colour){70, 84, 44}, 20);
    const int horizon = canvas->height * draw(canvas, 40, 60) / 100;
    paint_sky(canvas, zenith, haze, horizon + 10 * canvas->unit);
    for (int i = 0; i < NEAREST_RIDGE; i++) {
        int line = horizon + (canvas->height - horizon) * i / NEAREST_RIDGE;
        paint_ridge(canvas, line, 16 - 3 * i, blend(haze, ground, 60 + 60 * i), 20 + 20 * i);
    }
    for (int i = draw(canvas, 2, 9); i > 0; i--) {
        int foot = canvas->height - draw(canvas, 0, (canvas->height - horizon) / 2);
        paint_tree(
            canvas, draw(canvas, 0, canvas->width), foot, canvas->unit * 12 + (foot - horizon) / 3);
    }
}

static void paint_windows(
    struct canvas *canvas, int x, int y, int across, int down, struct colour wall)
{
    const int step = 3 + canvas->unit * 4;
    for (int row = y + step / 2; row + step < y + down; row += step)
        for (int column = x + step / 2; column + step / 2 < x + across; column += step) {
            int light = draw(canvas, 0, 9) < 2 ? 420 : draw(canvas, 90, 190);
            paint_box(canvas, column, row, step / 2, step * 2 / 3, lit(wall, light));
        }
}

static void paint_town(struct canvas *canvas)
{
    const struct colour haze = draw_near(canvas, (struct colour){214, 204, 190}, 20);
    const struct colour zenith = draw_near(canvas, (struct colour){120, 140, 176}, 30);
    const int street = canvas->height * draw(canvas, 78, 90) / 100;
    paint_sky(canvas, zenith, haze, street);
    for (int depth = 0; depth < 3; depth++)
        for (int x = -draw(canvas, 0, 10) * canvas->unit; x < canvas->width;) {
            int across = draw(canvas, 12, 30) * canvas->unit;
            int down = (street * draw(canvas, 30, 60) / 100) * (4 - depth) / 3;
            struct colour wall = draw_near(canvas, (struct colour){150, 128, 112}, 40);
            wall = blend(haze, wall, 90 + 80 * depth);
            paint_box(canvas, x, street - down, across, down, wall);
            paint_box(
                canvas, x + across - across / 5, street - down, across / 5, down, lit(wall, 190));
            paint_windows(canvas, x, street - down, across - across / 5, down, wall);
            x += across + draw(canvas, 0, 12 * depth) * canvas->unit;
        }
    paint_ridge(canvas, street, 0, draw_near(canvas, (struct colour){96, 94, 92}, 14), 40);
}

static void paint_still_life(struct canvas *canvas)
{
    const struct colour wall = draw_near(canvas, (struct colour){110, 96, 88}, 50);
    const int table = canvas->height * draw(canvas, 55, 75) / 100;
    paint_ridge(canvas, 0, 0, wall, 16);
    for (int i = draw(canvas, 6, 14); i > 0; i--) {
        int radius = canvas->unit * draw(canvas, 5, 16);
        int x = draw(canvas, 0, canvas->width), y = draw(canvas, 0, table);
        struct ellipse light = {x, y, radius, radius, radius / 2, 0, 0};
        paint_ellipse(canvas, &light, draw_near(canvas, (struct colour){170, 150, 120}, 60));
    }
    paint_ridge(canvas, table, 0, draw_near(canvas, (struct colour){140, 100, 66}, 30), 60);
    for (int i = draw(canvas, 3, 7); i > 0; i--) {
        int radius = canvas->unit * draw(canvas, 9, 20), x = draw(canvas, 0, canvas->width);
        int foot = table + (canvas->height - table) * draw(canvas, 20, 70) / 100;
        struct ellipse shadow = {
            x + radius / 2, foot, radius * 5 / 4, radius / 4, radius / 3, 0, 0};
        struct ellipse fruit = {x, foot - radius * 9 / 10, radius, radius, 1, 400, 30};
        paint_ellipse(canvas, &shadow, (struct colour){40, 28, 20});
        paint_ellipse(canvas, &fruit, draw_near(canvas, (struct colour){170, 110, 60}, 80));
    }
}

/* What the lens and the sensor do: darker corners, and noise that grows with the light but less
 * than it, the same for all three colours in the main. */
static void expose(const struct canvas *canvas)
{
    const uint64_t key = hash_mix(canvas->key, 2);
    const int far = canvas->width * canvas->width + canvas->height * canvas->height;
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            unsigned char *pixel = pixel_at(canvas, x, y);
            int u = 2 * x - canvas->width, v = 2 * y - canvas->height;
            int light = 256 - (int)((int64_t)(u * u + v * v) * VIGNETTE / far);
            uint64_t hash = hash_mix(key, (uint64_t)y << 32 | (uint64_t)x);
            int swing = SENSOR_NOISE * (128 + pixel[1]) / 256;
            int grey = (int)(hash & 255) + (int)(hash >> 8 & 255) - 255;
            for (int c = 0; c < 3; c++) {
                int own = (int)(hash >> (16 + 8 * c) & 255) - 128;
                pixel[c] = byte((pixel[c] * light >> 8) + ((grey + own / 2) * swing >> 8));
            }
        }
}

struct scene scene_plan(uint64_t seed, uint64_t number)
{
    static const unsigned lengths[] = {320, 480, 640, 640, 800, 800, 800, 960, 1024, 1024};
    static const unsigned shapes[][2] = {
        {4, 3}, {3, 2}, {4, 3}, {3, 2}, {16, 9}, {5, 2}, {1, 1}, {3, 4}, {2, 3}, {3, 4}};
    const uint64_t key = hash_mix(seed, number);
    const unsigned *shape = shapes[hash_mix(key, 1) % 10];
    unsigned length = lengths[hash_mix(key, 2) % 10];
    unsigned longer = shape[0] > shape[1] ? shape[0] : shape[1];
    return (struct scene){.key = key,
        .width = length * shape[0] / longer,
        .height = length * shape[1] / longer,
        .orientation = hash_mix(key, 3) % 10 < 3 ? 1 + (unsigned)(hash_mix(key, 4) % 8) : 0};
}

void scene_paint(const struct scene *scene, unsigned char *rgb)
{
    static void (*const scenes[])(struct canvas *) = {
        paint_landscape, paint_town, paint_still_life, paint_landscape};
    struct canvas canvas = {.key = hash_mix(scene->key, 5),
        .draws = 16,
        .width = (int)scene->width,
        .height = (int)scene->height,
        .rgb = rgb};
    int shorter = canvas.width < canvas.height ? canvas.width : canvas.height;
    canvas.unit = shorter / 100 > 2 ? shorter / 100 : 2;
    scenes[hash_mix(scene->key, 6) % 4](&canvas);
    expose(&canvas);
}
