/**
 * The example services: storefront → checkout → payment and inventory. Each
 * calls the others through the mesh, with a capacity token of its own, and tries
 * again at once what failed. Payment has a fixed capacity of `--workers` ÷
 * `--service-ms`; nobody is told it.
 *
 * `--listen storefront=9101,checkout=9102 --mesh 127.0.0.1:10000,10010
 *  --capacity-address 127.0.0.1:18001 --secrets-dir .capmesh/credentials`
 * starts those named. Prints `{"listening":{…}}` once all listen and hold tokens.
 */
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../platform/clock.ts';
import { callingHandler } from './calling-handler.ts';
import { CapacityToken } from './capacity-token.ts';
import { fixedCapacityHandler } from './fixed-capacity-handler.ts';
import { type ListeningServer, listen } from './listen.ts';
import { meshCaller } from './mesh-caller.ts';
import { WorkQueue } from './work-queue.ts';

/** Whom each service calls, in order. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  storefront: ['checkout'],
  checkout: ['payment', 'inventory'],
  payment: [],
  inventory: [],
};

const INVENTORY = { workers: 4, 'service-ms': 8, thrash: 0 };
/** Impatient callers: no pause between attempts. */
const ATTEMPTS_MAX = 3;
const TOKEN_LIFETIME_SECONDS = 600;

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: 'storefront=9101,checkout=9102,payment=9103,inventory=9104' },
    host: { type: 'string', default: '127.0.0.1' },
    mesh: { type: 'string', default: '127.0.0.1:10000' },
    'capacity-address': { type: 'string', default: '127.0.0.1:18001' },
    'secrets-dir': { type: 'string', default: '.capmesh/credentials' },
    workers: { type: 'string', default: '4' },
    'service-ms': { type: 'string', default: '32' },
    thrash: { type: 'string', default: '0.005' },
  },
});

const servers: ListeningServer[] = [];
const tokens: CapacityToken[] = [];
const listening: Record<string, number> = {};
for (const item of values.listen.split(',')) {
  const [name = '', port] = item.split('=');
  const server = await listen(Number(port), await handlerOf(name), values.host);
  servers.push(server);
  listening[name] = server.port;
}
console.log(JSON.stringify({ listening }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void stop().then(() => process.exit(0)));
}

async function stop(): Promise<void> {
  for (const token of tokens) token.close();
  await Promise.all(servers.map((server) => server.stop()));
}

async function handlerOf(name: string): Promise<RequestListener> {
  const calls = CALLS[name];
  if (!calls) throw new Error(`--listen: "${name}" is none of ${Object.keys(CALLS).join(', ')}`);
  if (name === 'payment') {
    const { workers, 'service-ms': serviceMs, thrash } = values;
    return workHandler({ workers: Number(workers), 'service-ms': Number(serviceMs), thrash: Number(thrash) });
  }
  if (calls.length === 0) return workHandler(INVENTORY);
  const token = await CapacityToken.obtain({
    address: values['capacity-address'],
    workload: name,
    secret: readFileSync(join(values['secrets-dir'], `${name}.secret`), 'utf8').trim(),
    lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
    onProblem: (message) => console.error(`services: ${message}`),
  });
  tokens.push(token);
  const [host = '', ports = ''] = values.mesh.split(':');
  const mesh = { host, ports: ports.split(',').map(Number), headers: token.headers, attemptsMax: ATTEMPTS_MAX };
  return callingHandler(calls.map((service) => meshCaller({ ...mesh, service })));
}

function workHandler(work: { workers: number; 'service-ms': number; thrash: number }): RequestListener {
  return fixedCapacityHandler(
    new WorkQueue({
      workers: work.workers,
      serviceMs: work['service-ms'],
      thrash: work.thrash,
      draw: () => 1,
      clock: systemClock,
      delay: (afterMs, then) => void setTimeout(then, afterMs),
    }),
  );
}
