/* libjpeg's two customisation points as its manual (libjpeg.txt) describes them.
 *
 * pkg-config: libjpeg */
#include "libjpeg.h"

#include <errno.h>
#include <stdlib.h>

#include <jerror.h>

#define ROOM_AT_FIRST 16384 /* more than a thumbnail takes */

static void give_up(j_common_ptr object)
{
    struct libjpeg_trap *trap = (struct libjpeg_trap *)object->err;
    trap->code = trap->manager.msg_code == JERR_OUT_OF_MEMORY ? ENOMEM : EBADMSG;
    trap->manager.format_message(object, trap->reason);
    longjmp(trap->back, 1);
}

/* Level -1 is a warning; the others are traces, which nobody asked for. */
static void hear(j_common_ptr object, int level)
{
    if (level < 0)
        give_up(object);
}

static void print_nothing(j_common_ptr object)
{
    (void)object;
}

struct jpeg_error_mgr *libjpeg_trap(struct libjpeg_trap *trap)
{
    jpeg_std_error(&trap->manager);
    trap->manager.error_exit = give_up;
    trap->manager.emit_message = hear;
    trap->manager.output_message = print_nothing;
    return &trap->manager;
}

static void sink_resize(j_compress_ptr encoder, size_t room)
{
    struct libjpeg_sink *sink = (struct libjpeg_sink *)encoder->dest;
    unsigned char *bytes = realloc(sink->bytes, room);
    if (bytes == NULL)
        ERREXIT1(encoder, JERR_OUT_OF_MEMORY, 0);
    sink->bytes = bytes;
    sink->manager.next_output_byte = bytes + sink->room;
    sink->manager.free_in_buffer = room - sink->room;
    sink->room = room;
}

static void sink_open(j_compress_ptr encoder)
{
    struct libjpeg_sink *sink = (struct libjpeg_sink *)encoder->dest;
    if (sink->room == 0)
        sink_resize(encoder, ROOM_AT_FIRST);
    sink->manager.next_output_byte = sink->bytes;
    sink->manager.free_in_buffer = sink->room;
}

/* libjpeg calls this when the buffer is full to the last byte, whatever free_in_buffer says. */
static boolean sink_grow(j_compress_ptr encoder)
{
    struct libjpeg_sink *sink = (struct libjpeg_sink *)encoder->dest;
    sink_resize(encoder, 2 * sink->room);
    return TRUE;
}

static void sink_close(j_compress_ptr encoder)
{
    struct libjpeg_sink *sink = (struct libjpeg_sink *)encoder->dest;
    sink->size = sink->room - sink->manager.free_in_buffer;
}

struct jpeg_destination_mgr *libjpeg_sink(struct libjpeg_sink *sink)
{
    sink->manager.init_destination = sink_open;
    sink->manager.empty_output_buffer = sink_grow;
    sink->manager.term_destination = sink_close;
    return &sink->manager;
}
