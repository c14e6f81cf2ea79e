/**
 * Sends open-loop traffic to one service, for example
 * `--ports 10000,10010 --authority payment --phases calm:10:300,overload:10:1600`.
 * `--repeat` starts over after the last phase.
 * Prints `{"started":true}` with the first call, one JSON line per second, `{"second":{…}}`, and at the end `{"phases":[…]}`.
 * SIGTERM ends it early, with the report of what was sent.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../platform/clock.ts';
import { CapacityToken } from '../services/capacity-token.ts';
import { ARRIVALS, type Arrivals } from './arrivals.ts';
import { parsePhases } from './parse-phases.ts';
import { type Phase, TrafficSource } from './traffic-source.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    ports: { type: 'string' },
    authority: { type: 'string' },
    phases: { type: 'string' },
    repeat: { type: 'boolean', default: false },
    arrivals: { type: 'string', default: 'poisson' },
    seed: { type: 'string', default: '1' },
    'in-flight-max': { type: 'string', default: '4096' },
    'timeout-ms': { type: 'string', default: '3000' },
    'capacity-address': { type: 'string' },
    workload: { type: 'string' },
    'secret-file': { type: 'string' },
  },
});

const arrivals = values.arrivals as Arrivals;
if (!ARRIVALS.includes(arrivals)) throw new Error(`--arrivals: must be one of ${ARRIVALS.join(', ')}`);

const address = values['capacity-address'];
const token =
  address === undefined
    ? null
    : await CapacityToken.obtain({
        address,
        workload: required('workload'),
        secret: readFileSync(required('secret-file'), 'utf8').trim(),
        lifetimeSeconds: 3600,
        onProblem: (message) => console.error(`traffic: ${message}`),
      });
const noHeaders = {};
const source = new TrafficSource({
  host: values.host,
  ports: required('ports').split(',').map(Number),
  authority: required('authority'),
  headers: token?.headers ?? (() => noHeaders),
  arrivals,
  seed: Number(values.seed),
  phases: values.repeat ? forever(parsePhases(required('phases'))) : parsePhases(required('phases')),
  inFlightMax: Number(values['in-flight-max']),
  timeoutMs: Number(values['timeout-ms']),
  clock: systemClock,
  onSecond: (second) => console.log(JSON.stringify({ second })),
});
process.once('SIGTERM', () => source.stop());
process.once('SIGINT', () => source.stop());
console.log(JSON.stringify({ started: true }));
const phases = await source.run();
token?.close();
console.log(JSON.stringify({ phases }));

function required(name: 'ports' | 'authority' | 'phases' | 'workload' | 'secret-file'): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

function* forever(phases: readonly Phase[]): Generator<Phase> {
  for (;;) yield* phases;
}
