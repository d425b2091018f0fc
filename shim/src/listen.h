/*
 * Listening sockets: for each port, one for each worker, all on the same address (SO_REUSEPORT).
 *
 * The kernel deals the connections out, so no worker waits for Kore's accept lock. They are made in the parent, which
 * keeps them open: a worker that is started again finds its own, with whatever has queued up meanwhile. An address
 * that somebody else listens on is refused, although SO_REUSEPORT alone would share it.
 */
#ifndef EV_LISTEN_H
#define EV_LISTEN_H

void listen_prepare(void); /* ends the start when the address, or a port, can't be had, but for who has it now */
void listen_open(void);
void listen_attach(int number);
void listen_stop(int number);

#endif
