import assert from 'node:assert/strict';
import { fixedCapacityHandler } from '../../../demo/services/fixed-capacity-handler.ts';
import { type ListeningServer, listen } from '../../../demo/services/listen.ts';
import { WorkQueue } from '../../../demo/services/work-queue.ts';
import { sumOf } from '../../../demo/traffic/answer-counts.ts';
import { type PhaseReport, TrafficSource } from '../../../demo/traffic/traffic-source.ts';
import { systemClock } from '../../../platform/clock.ts';
import { waitFor } from '../../support/wait-for.ts';

function source(port: number, rateRps: number, more: Partial<ConstructorParameters<typeof TrafficSource>[0]> = {}) {
  const noHeaders = {};
  return new TrafficSource({
    host: '127.0.0.1',
    ports: [port],
    authority: 'payment',
    headers: () => noHeaders,
    arrivals: 'even',
    seed: 1,
    phases: [{ name: 'only', seconds: 1, rateRps }],
    inFlightMax: 4096,
    timeoutMs: 400,
    clock: systemClock,
    ...more,
  });
}

describe('TrafficSource', () => {
  let server: ListeningServer;
  let queue: WorkQueue;

  beforeEach(async () => {
    queue = new WorkQueue({
      workers: 2,
      serviceMs: 20,
      thrash: 0,
      draw: () => 1,
      clock: systemClock,
      delay: (afterMs, then) => void setTimeout(then, afterMs),
    });
    server = await listen(0, fixedCapacityHandler(queue));
  });

  afterEach(() => server.stop());

  it('offers what it was told to and gets every answer of a service with room', async () => {
    const seconds: PhaseReport[] = [];
    const [report] = await source(server.port, 40, { onSecond: (second) => seconds.push(second) }).run();
    assert.equal(report?.offered, 40);
    assert.equal(report?.ok, 40);
    assert.equal(
      seconds.reduce((sum, second) => sum + second.ok, 0),
      40,
    );
  });

  it('goes on offering while the service is overloaded, and every call is booked once', async () => {
    const [report] = await source(server.port, 400).run();
    assert.equal(report?.offered, 400);
    assert.ok((report?.errors.timeout ?? 0) > 100, JSON.stringify(report));
    assert.equal((report?.ok ?? 0) + sumOf(report?.errors ?? {}), 400);
    await waitFor('the calls of callers that hung up to leave the queue', async () => queue.present <= 2, 2_000);
  });

  it('counts what it could not send', async () => {
    const [report] = await source(server.port, 400, { inFlightMax: 3 }).run();
    assert.ok((report?.overflow ?? 0) > 100);
    assert.equal((report?.ok ?? 0) + sumOf(report?.errors ?? {}) + (report?.overflow ?? 0), 400);
  });

  it('counts refused connections as errors', async () => {
    await server.stop();
    const [report] = await source(server.port, 20).run();
    assert.deepEqual(report?.errors, { ECONNREFUSED: 20 });
  });
});
