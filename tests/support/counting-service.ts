import type { IncomingHttpHeaders } from 'node:http';
import { type ListeningServer, listen } from '../../demo/services/listen.ts';

/** A service that answers 200 and remembers what reached it. */
export interface CountingService extends ListeningServer {
  readonly calls: () => number;
  /** Most calls that were under way at once. */
  readonly concurrencyMax: () => number;
  /** Headers of the newest calls, at most 100. */
  readonly headers: readonly IncomingHttpHeaders[];
}

export async function startCountingService(serviceMs = 0): Promise<CountingService> {
  let calls = 0;
  let underWay = 0;
  let concurrencyMax = 0;
  const headers: IncomingHttpHeaders[] = [];
  const server = await listen(0, (request, response) => {
    calls += 1;
    underWay += 1;
    concurrencyMax = Math.max(concurrencyMax, underWay);
    headers.push(request.headers);
    if (headers.length > 100) headers.shift();
    request.resume();
    response.on('close', () => {
      underWay -= 1;
    });
    if (serviceMs === 0) response.end('ok\n');
    else setTimeout(() => response.end('ok\n'), serviceMs);
  });
  return { ...server, calls: () => calls, concurrencyMax: () => concurrencyMax, headers };
}
