import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GATES, type GateName, type GateVerdict } from '../../core/gates/gate-state.ts';
import { type GateMemory, NEW_GATE, settleGate } from '../../core/gates/hysteresis.ts';
import { judge, notApplicable, unknown } from '../../core/gates/verdict.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { meshConfig } from '../support/mesh-fixtures.ts';
import { MeshPlayer } from '../support/mesh-player.ts';
import { seededRandom } from '../support/random.ts';

/** web → checkout → payment, and batch → payment. */
const MESH = meshConfig({
  services: { checkout: {}, payment: { rps: 1000, concurrency: 100 } },
  workloads: { web: {}, checkout: {}, batch: {} },
  budgets: {
    web: { checkout: {} },
    checkout: { payment: { int: 0.6 } },
    batch: { payment: { int: 0.4 } },
  },
});
const CALLS = { 'web/checkout': 50, 'checkout/payment': 100, 'batch/payment': 60 };
const WARM_UP_SEC = 70;
/** After this long without data a verdict is stale; it then stands for 30 s more (MATHS §B6, §B8). */
const STALE_SEC = 10;
const HOLD_SEC = 30;

/** A mesh that is well and a node that reports, or does not. */
class Watch {
  readonly #player = new MeshPlayer(MESH);
  readonly #random = seededRandom(7);
  silentSec = 0;

  second(reports: boolean): void {
    this.silentSec = reports ? 0 : this.silentSec + 1;
    const seen = Object.entries(CALLS).map(([edge, calls]) => [edge, { calls: this.#random.poisson(calls) }] as const);
    this.#player.second(reports ? { 'node-1': Object.fromEntries(seen) } : {});
  }

  gates(): { readonly name: string; readonly gate: GateName; readonly verdict: GateVerdict }[] {
    return viewOf(this.#player.kernel, this.#player.nowMs).services.flatMap(({ service, gates }) =>
      GATES.map((gate) => ({ name: `${service} ${gate}`, gate, verdict: gates[gate] })),
    );
  }
}

const isPassing = ({ status }: GateVerdict): boolean => status === 'PASS' || status === 'NOT_APPLICABLE';

describe('missing ticks never pass a gate (MATHS §B6, §B8)', function () {
  this.timeout(60_000);

  it('a silent second turns no gate to passing, what it holds says so and ends, and silence ends in UNKNOWN', () => {
    const spells = fc.array(fc.record({ reports: fc.boolean(), seconds: fc.integer({ min: 1, max: 50 }) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(spells, (all) => {
        const watch = new Watch();
        for (let sec = 0; sec < WARM_UP_SEC; sec++) watch.second(true);
        let before = new Map(watch.gates().map(({ name, verdict }) => [name, verdict]));
        assert.ok([...before.values()].some(isPassing), 'nothing passes while all is well');
        for (const { reports, seconds } of [...all, { reports: false, seconds: STALE_SEC + HOLD_SEC + 1 }]) {
          for (let sec = 0; sec < seconds; sec++) {
            watch.second(reports);
            const now = watch.gates();
            for (const { name, verdict } of reports ? [] : now) {
              const known = before.get(name);
              assert.ok(
                !isPassing(verdict) || (known !== undefined && isPassing(known)),
                `${name} came to pass in silence`,
              );
              if (watch.silentSec <= STALE_SEC) continue;
              if (isPassing(verdict))
                assert.ok((verdict.evidence.heldForSec ?? HOLD_SEC) < HOLD_SEC, `${name} is held on`);
              if (watch.silentSec > STALE_SEC + HOLD_SEC) {
                assert.deepEqual(
                  [verdict.status, verdict.reason],
                  ['UNKNOWN', 'stale'],
                  `${name} after ${watch.silentSec} s`,
                );
              }
            }
            before = new Map(now.map(({ name, verdict }) => [name, verdict]));
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it('a mesh that never reported passes nothing', () => {
    const watch = new Watch();
    for (let sec = 0; sec < 120; sec++) {
      watch.second(false);
      assert.ok(!watch.gates().some(({ verdict }) => isPassing(verdict)), `second ${sec}`);
    }
  });
});

describe('hysteresis against a plain reading of its rules (MATHS §B6)', () => {
  const seen = fc.oneof(
    fc.integer({ min: 0, max: 25 }).map((tenths) => judge(tenths / 10)),
    fc.constant(unknown('stale')),
    fc.constant(notApplicable('no-limit')),
  );
  const ticks = fc.array(fc.record({ verdict: seen, gapSec: fc.integer({ min: 1, max: 12 }) }), { maxLength: 60 });

  /** The rules word by word, over everything that was seen since the gate last forgot. */
  function oracle(history: readonly { readonly verdict: GateVerdict; readonly atMs: number }[]): GateVerdict['status'] {
    let status: GateVerdict['status'] = 'UNKNOWN';
    let known: GateVerdict[] = [];
    let blindSinceMs: number | null = null;
    for (const { verdict, atMs } of history) {
      if (verdict.status === 'UNKNOWN') {
        blindSinceMs ??= atMs;
        if (atMs - blindSinceMs >= 1000 * HOLD_SEC) [status, known] = ['UNKNOWN', []];
        continue;
      }
      blindSinceMs = null;
      known.push(verdict);
      const twoOfThree = known.slice(-3).filter((one) => one.status === 'FAIL').length >= 2;
      const fiveGood = known.length >= 5 && known.slice(-5).every((one) => (one.ratio ?? 0) <= 0.8);
      if (verdict.status === 'FAIL' && (twoOfThree || (verdict.ratio ?? 0) >= 2)) status = 'FAIL';
      else if (verdict.status !== 'FAIL' && (status !== 'FAIL' || fiveGood)) status = verdict.status;
    }
    return status;
  }

  it('holds what the whole history says, and never passes what was not seen to', () => {
    fc.assert(
      fc.property(ticks, (all) => {
        let memory: GateMemory = NEW_GATE;
        let nowMs = 0;
        const history: { verdict: GateVerdict; atMs: number }[] = [];
        for (const { verdict, gapSec } of all) {
          nowMs += 1000 * gapSec;
          history.push({ verdict, atMs: nowMs });
          const settled = settleGate(memory, verdict, nowMs);
          memory = settled.memory;
          assert.equal(settled.verdict.status, oracle(history));
        }
      }),
      { numRuns: 300 },
    );
  });
});
