/**
 * A service whose capacity is known exactly, to be overloaded:
 * `--workers 8 --service-ms 20 --thrash 0.02` serves about 400 calls a second.
 * Prints one line `{"port":n}` when it listens; ends on SIGTERM or SIGINT.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../platform/clock.ts';
import { seededExponential } from './seeded-exponential.ts';
import { fixedCapacityHandler } from './services/fixed-capacity-handler.ts';
import { listen } from './services/listen.ts';
import { WorkQueue } from './services/work-queue.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    workers: { type: 'string', default: '8' },
    'service-ms': { type: 'string', default: '20' },
    thrash: { type: 'string', default: '0' },
    distribution: { type: 'string', default: 'fixed' },
    seed: { type: 'string', default: '1' },
  },
});
if (values.distribution !== 'exp' && values.distribution !== 'fixed') {
  throw new Error(`--distribution: must be exp or fixed, not ${values.distribution}`);
}

const queue = new WorkQueue({
  workers: Number(values.workers),
  serviceMs: Number(values['service-ms']),
  thrash: Number(values.thrash),
  draw: values.distribution === 'exp' ? seededExponential(Number(values.seed)) : () => 1,
  clock: systemClock,
  delay: (afterMs, then) => void setTimeout(then, afterMs),
});
const server = await listen(Number(values.port), fixedCapacityHandler(queue));
console.log(JSON.stringify({ port: server.port }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void server.stop().then(() => process.exit(0)));
}
