import type { IncomingMessage, RequestListener } from 'node:http';
import type { WorkQueue } from './work-queue.ts';

/** How many ordinary calls this one is worth, as its caller says; absent = one. */
export const WORK_HEADER = 'x-demo-work';
const WORK_MAX = 100;

/** Answers 200 `ok` once the queue has done the work; a caller that hangs up gives its place in the queue back. */
export function fixedCapacityHandler(queue: WorkQueue): RequestListener {
  return (request, response) => {
    request.resume();
    const leave = queue.enter(() => {
      if (response.destroyed) return;
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 3 });
      response.end('ok\n');
    }, workOf(request));
    response.on('close', leave);
  };
}

function workOf({ headers }: IncomingMessage): number {
  const work = Number(headers[WORK_HEADER] ?? 1);
  return work > 0 && work <= WORK_MAX ? work : 1;
}
