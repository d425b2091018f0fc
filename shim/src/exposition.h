/* GET /metrics: the counters of all workers in Prometheus's text format. */
#ifndef EV_EXPOSITION_H
#define EV_EXPOSITION_H

struct request;

void metrics_page(struct request *rq);

#endif
