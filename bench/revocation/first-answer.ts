import { type Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../platform/clock.ts';

/** One token at one Envoy. */
export interface Probe {
  readonly port: number;
  readonly service: string;
  readonly token: string;
  readonly agent: Agent;
}

interface Answer {
  readonly status: number;
  /** Reason of a refusal; empty for none. */
  readonly denied: string;
}

const PAUSE_MS = 5;
const PATIENCE_MS = 10_000;

/** Calls every 5 ms; answers the monotonic time of the first answer that is wanted, `null` after 10 s without one. */
export async function firstAnswer(probe: Probe, wanted: (answer: Answer) => boolean): Promise<number | null> {
  const endMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (systemClock.monotonicMs() < endMs) {
    if (wanted(await call(probe))) return systemClock.monotonicMs();
    await delay(PAUSE_MS);
  }
  return null;
}

function call({ port, service, token, agent }: Probe): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent, headers: { host: service, 'x-capacity-token': token } }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, denied: String(answer.headers['x-capacity-denied'] ?? '') });
      });
    }).on('error', reject);
  });
}
