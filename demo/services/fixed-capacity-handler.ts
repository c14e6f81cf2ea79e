import type { RequestListener } from 'node:http';
import type { WorkQueue } from './work-queue.ts';

/** Answers 200 `ok` once the queue has done the work; a caller that hangs up gives its place in the queue back. */
export function fixedCapacityHandler(queue: WorkQueue): RequestListener {
  return (request, response) => {
    request.resume();
    const leave = queue.enter(() => {
      if (response.destroyed) return;
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 3 });
      response.end('ok\n');
    });
    response.on('close', leave);
  };
}
