import assert from 'node:assert/strict';
import { Incident, isUnexpected } from '../../../bench/incidents/incident.ts';
import { planOnsets, planPhases } from '../../../bench/incidents/overload-plan.ts';
import { partsOf, quantilesOf } from '../../../bench/incidents/parts.ts';
import { measuredByTick } from '../../../bench/incidents/recorded-ticks.ts';
import { inputLine } from '../../../core/kernel/kernel-recording.ts';
import type { Answer } from '../../../demo/http/answer.ts';
import { frame } from '../../support/mesh-fixtures.ts';

const ok: Answer = { kind: 'answered', status: 200, denied: null };
const answered = (status: number, denied: string | null = null): Answer => ({ kind: 'answered', status, denied });

/** Overloaded from 1000 to 5000, promise 100 ms, late from 1200 on, held from 2010 on. */
function incident(goodAtMs: readonly number[]): Incident {
  const told = new Incident('payment', 1000, 5000);
  told.promiseMs = 100;
  told.answered(ok, 40, 1100);
  told.answered(ok, 101, 1200);
  told.answered(answered(504), 1000, 1900);
  for (const atMs of goodAtMs) told.answered(ok, 60, atMs);
  told.reaction = { ratio: 3, failedMs: 2000, actedMs: 2001, acknowledgedMs: 2010 };
  return told;
}

describe('an incident', () => {
  it('lasts from the first bad answer to the first good one after the nodes acknowledged', () => {
    assert.deepEqual(partsOf(incident([1250, 2500, 2600]), { sentMs: 1700, receivedMs: 1750 }), {
      'onset → bad answer': 200,
      'bad answer → frame sent': 500,
      'frame sent → received': 50,
      'received → gate fails': 250,
      'gate fails → action': 1,
      'action → acknowledged': 9,
      'acknowledged → effect': 490,
      'bad answer → effect': 1300,
    });
  });

  it('has no effect when answers are good again only because the load fell, or was not followed at all', () => {
    const measured = { sentMs: 1700, receivedMs: 1750 };
    assert.equal(partsOf(incident([5001]), measured), null);
    assert.equal(partsOf(incident([2500]), undefined), null);
    const unanswered = incident([2500]);
    unanswered.reaction = null;
    assert.equal(partsOf(unanswered, measured), null);
  });

  it('explains late answers, time-outs and the refusals of a held overload, nothing else', () => {
    const explained = [ok, answered(504), { kind: 'failed', cause: 'timeout' } as const, answered(503, 'breaker-open')];
    assert.deepEqual(explained.filter(isUnexpected), []);
    const strange = [answered(503, 'mesh-degraded'), answered(503), answered(429, 'budget-exhausted'), answered(500)];
    assert.deepEqual(strange.filter(isUnexpected), strange);
    assert.ok(isUnexpected({ kind: 'failed', cause: 'ECONNRESET' }));
  });
});

describe('the plan of incidents', () => {
  const plan = {
    incidents: 3,
    services: ['a', 'b'],
    warmupSeconds: 10,
    overloadSeconds: 2,
    periodSeconds: 5,
    calmRps: 1,
    overloadRps: 9,
    random: () => 0.5,
  };

  it('takes the services in turn and gives each calm before and after', () => {
    const onsets = planOnsets(plan);
    assert.deepEqual(onsets, [
      { service: 'a', atSeconds: 10.5 },
      { service: 'b', atSeconds: 15.5 },
      { service: 'a', atSeconds: 20.5 },
    ]);
    const told = (service: string) =>
      planPhases(service, onsets, plan).map(({ seconds, rateRps }) => [seconds, rateRps]);
    assert.deepEqual(told('a'), [
      [10.5, 1],
      [2, 9],
      [8, 1],
      [2, 9],
      [3.5, 1],
    ]);
    assert.deepEqual(told('b'), [
      [15.5, 1],
      [2, 9],
      [8.5, 1],
    ]);
  });
});

describe('measuredByTick()', () => {
  it('names the newest frame before each tick, on the wall clock', () => {
    const lines = [
      inputLine({ kind: 'tick', nowMs: 10, wallMs: 1010 }),
      inputLine({ kind: 'frame', nowMs: 20, frame: { ...frame(1, []), endMs: 1005 } }),
      inputLine({ kind: 'tick', nowMs: 50, wallMs: 1050 }),
      '',
    ];
    assert.deepEqual([...measuredByTick(lines)], [[1050, { sentMs: 1005, receivedMs: 1020 }]]);
  });
});

describe('quantilesOf()', () => {
  it('takes the value that the share does not exceed', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.deepEqual(quantilesOf(values), { p50Ms: 50, p99Ms: 99 });
    assert.deepEqual(quantilesOf([7.4]), { p50Ms: 7, p99Ms: 7 });
  });
});
