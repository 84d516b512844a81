/* Pipes between two threads or processes, for whole messages in both directions: Python's
 * multiprocessing.Pipe.
 *
 * A message is 0 bytes or more, up to what memory allows. One process makes a pipe and then forks;
 * each side closes the end that it does not use (pipe_close), because an end counts as closed when
 * no process has it any more, be it by pipe_close or by its death. Several threads and processes
 * may share an end: messages stay whole. Two sides that both send more than the socket holds (about
 * 200 kB) and do not receive meanwhile wait for ever, as in Python.
 *
 * Whoever is killed in the middle of sending or receiving a message breaks the pipe for good, since
 * nobody knows where the next message begins: PIPE_BROKEN, on both sides, never a part of a message
 * and never a hang.
 *
 * Statuses: 0, one of enum pipe_status, EBADF (this process has closed that end), or the system's
 * (ENOMEM, ENOBUFS). `seconds` is as in deadline.h: negative for ever, 0 try. No signal is raised
 * (SIGPIPE), and one that comes in between interrupts nothing. */
#ifndef SHARE_PIPE_H
#define SHARE_PIPE_H

#include <errno.h>
#include <stddef.h>

enum pipe_status {
    PIPE_NOTHING = EAGAIN,      /* a poll that does not wait */
    PIPE_TIMED_OUT = ETIMEDOUT, /* nothing came */
    PIPE_CLOSED = EPIPE,        /* nobody has the other end any more, and all is received */
    PIPE_BROKEN = ECONNRESET    /* somebody died in the middle of a message */
};

enum pipe_end { PIPE_LEFT, PIPE_RIGHT }; /* they are alike */

struct pipe;

/* Returns a pipe with both ends open, or NULL with errno (EMFILE, ENOMEM). */
struct pipe *pipe_make(void);

/* Closes what this process has open of it, and frees this process's part of it. */
void pipe_free(struct pipe *pipe);

/* Closes one end in this process. Not while another thread uses it. */
void pipe_close(struct pipe *pipe, enum pipe_end end);

/* Sends `size` bytes (message may be NULL for 0) as one message to the other end; waits while the
 * socket is full. */
int pipe_send(struct pipe *pipe, enum pipe_end end, const void *message, size_t size);

/* Waits for a message that was sent to this end. *message is the caller's to free, with a 0 behind
 * its *size bytes. After an error both are as they were. ENOMEM: the message is thrown away. */
int pipe_receive(struct pipe *pipe, enum pipe_end end, void **message, size_t *size);

/* Waits until pipe_receive has something to return, be it that the other end is closed. Returns 0,
 * PIPE_NOTHING, PIPE_TIMED_OUT or EBADF. */
int pipe_poll(struct pipe *pipe, enum pipe_end end, double seconds);

#endif
