import assert from 'node:assert/strict';
import { checkLoadedCall } from '../../core/admission/check-call.ts';
import { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import { boundedLoad, type EdgeRecord } from '../../core/admission/edge-record.ts';
import { overAdmissionMax } from '../../core/admission/load-limit.ts';
import { writeTicket } from '../../core/admission/load-ticket.ts';
import { levelAt } from '../../core/capacity/token-bucket.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import { settleCall } from '../../ext-authz/sinks/settle-calls.ts';
import { edgeLease, leaseOf } from '../support/check-fixture.ts';
import { endOfCall } from '../support/end-of-call.ts';
import { LoadOracle } from '../support/load-oracle.ts';

const OPERATIONS = 100_000;
const CPU_MS_PER_SEC = 500;
const MEMORY_MIB = 1024;
const TIMEOUT_MS = 800;
/** Sums of fractions in another order. */
const ROUNDING = 1e-6;

/** A sidecar's ledger with one edge that has a load limit and no rate limit. */
function ledgerAt(nowMs: number): EdgeLedger {
  const ledger = new EdgeLedger(nowMs);
  const edge = edgeLease({
    workload: 'checkout',
    service: 'payment',
    cpuMsPerSec: CPU_MS_PER_SEC,
    memoryMib: MEMORY_MIB,
    timeoutMs: TIMEOUT_MS,
  });
  ledger.applyLease(leaseOf(1, [edge]), nowMs);
  return ledger;
}

const newOracle = (): LoadOracle => new LoadOracle(CPU_MS_PER_SEC, MEMORY_MIB, TIMEOUT_MS);

const edgeOf = (ledger: EdgeLedger): EdgeRecord =>
  ledger.find('checkout', 'payment') ?? assert.fail('the edge is not there');

describe('load estimates against a sequential oracle (CONTRACT §D)', () => {
  it(`never overspend and never leak, over ${OPERATIONS} checks, ends, second ends, time-outs and crashes`, () => {
    const random = seededRandom(20_261_126);
    const upTo = (max: number): number => Math.floor(random() * (max + 1));
    let nowMs = 0;
    let ledger = ledgerAt(nowMs);
    let oracle = newOracle();
    /** Handed out, also to calls that are over and by earlier runs. */
    const tickets: { readonly id: number; readonly instance: string }[] = [];
    let instance = 'run-0';
    let admitted = 0;
    let ends = 0;
    const seen = { refused: 0, twice: 0, strange: 0, timedOut: 0, crashes: 0 };

    for (let step = 0; step < OPERATIONS; step += 1) {
      nowMs += random() < 0.001 ? 3000 : upTo(6);
      oracle.advance(nowMs);
      const edge = edgeOf(ledger);
      const dice = random();
      if (dice < 0.55) {
        const estimate = { cpu: upTo(8), memoryMb: upTo(1) * upTo(60) };
        oracle.expire(nowMs);
        const expected = oracle.fit(estimate, nowMs);
        const call = { prio: 5, retry: false, breakerOpen: false, estimate, timeoutMs: edge.timeoutMs };
        const verdict = checkLoadedCall(edge, boundedLoad(edge), null, call, 0, nowMs);
        if (expected === null) {
          assert.equal(verdict, 'load-exhausted', `step ${step}`);
          seen.refused += 1;
        } else {
          assert.ok(verdict !== null && typeof verdict === 'object', `step ${step}: ${String(verdict)}`);
          oracle.take(verdict.id, expected);
          admitted += 1;
          tickets.push({ id: verdict.id, instance });
          if (tickets.length > 300) tickets.splice(0, 150);
        }
      } else if (dice < 0.9997) {
        const ticket = tickets[upTo(tickets.length - 1)];
        if (ticket === undefined) continue;
        const cost = { ...(upTo(1) && { cpu: upTo(16) }), ...(upTo(1) && { memoryMb: upTo(90) }) };
        if (ticket.instance !== instance) seen.strange += 1;
        else if (!oracle.open.has(ticket.id)) seen.twice += 1;
        else oracle.settle(ticket.id, cost);
        const text = writeTicket({ ...ticket, node: 'node-1', workload: 'checkout', service: 'payment' });
        settleCall(endOfCall(text, cost), ledger, instance, nowMs);
        ends += 1;
      } else if (dice < 0.9999) {
        oracle.expire(nowMs);
        ledger.freeTimedOut(nowMs);
      } else {
        seen.crashes += 1;
        instance = `run-${seen.crashes}`;
        seen.timedOut += oracle.timedOut;
        ledger = ledgerAt(nowMs);
        oracle = newOracle();
        oracle.advance(nowMs);
        admitted = 0;
        ends = 0;
        continue;
      }

      const load = boundedLoad(edge) ?? assert.fail('no limit');
      const { counts } = load;
      assert.equal(load.open.size, oracle.open.size, `step ${step}: calls in flight`);
      assert.ok(Math.abs(load.memoryHeldMb - oracle.held()) < ROUNDING, `step ${step}: memory`);
      const level = levelAt(load.cpu, CPU_MS_PER_SEC, CPU_MS_PER_SEC, nowMs);
      assert.ok(Math.abs(level - oracle.level) < ROUNDING, `step ${step}: CPU`);
      assert.ok(load.memoryHeldMb <= MEMORY_MIB + ROUNDING, `step ${step}: more memory than there is`);
      assert.equal(counts.open, load.open.size);
      assert.equal(admitted, counts.open + counts.settled + counts.asEstimated + counts.timedOut, 'each ends once');
      assert.equal(ends, counts.settled + counts.asEstimated + counts.unknown, 'each end is counted');
      const risk = overAdmissionMax(load);
      assert.ok(risk.cpu >= -ROUNDING && risk.memoryMb >= -ROUNDING);
    }

    seen.timedOut += oracle.timedOut;
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 3, `${what} happened ${count} times`);
    nowMs += TIMEOUT_MS;
    ledger.freeTimedOut(nowMs);
    const load = boundedLoad(edgeOf(ledger)) ?? assert.fail('no limit');
    assert.deepEqual([load.open.size, load.memoryHeldMb, ledger.loadCounts.open], [0, 0, 0], 'nothing leaks');
    assert.deepEqual(overAdmissionMax(load), { cpu: 0, memoryMb: 0 });
  });
});
