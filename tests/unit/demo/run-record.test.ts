import assert from 'node:assert/strict';
import { ChapterRecord } from '../../../demo/chapter-record.ts';
import { RunRecord } from '../../../demo/run-record.ts';
import { statusLines } from '../../../demo/status-lines.ts';
import { mergeTotals } from '../../../demo/traffic/merge-totals.ts';
import { Status } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { StabilityAction } from '../../../proto/gen/capmesh/v1/events.ts';
import { GateStatus } from '../../../proto/gen/capmesh/v1/gates.ts';

const gates = (fit: GateStatus) => ({ fit: { status: fit }, uv: { status: GateStatus.GATE_STATUS_PASS } });

function status(paymentFit: GateStatus): Status {
  return Status.fromPartial({
    stability: 'unstable',
    services: [
      { service: 'payment', gates: gates(paymentFit) },
      { service: 'inventory', gates: gates(GateStatus.GATE_STATUS_PASS) },
    ],
    edges: [
      {
        workload: 'checkout',
        service: 'payment',
        offeredRps: 800,
        admittedRps: 190,
        refusedRps: { 'breaker-open': 600, 'shed-priority': 10 },
        goodputRps: 189,
        latencyP99Ms: 51.4,
        maxRequests: 14,
      },
    ],
    actions: [{ id: 'a1', gate: 'fit', kind: 'limit-concurrency', target: 'payment', size: 14, phase: 'started' }],
  });
}

const totals = (offered: number, errors: Record<string, number>, overflow = 0) => ({
  offered,
  ok: 1,
  good: 1,
  refused: { 'breaker-open': 2 },
  errors,
  overflow,
  p50Ms: 1,
  p99Ms: 1,
});

describe('RunRecord', () => {
  it('keeps the worst verdict, how it changed and which services failed', () => {
    const record = new RunRecord();
    const { GATE_STATUS_PASS: pass, GATE_STATUS_FAIL: fail } = GateStatus;
    for (const fit of [pass, fail, fail, pass]) record.observe(status(fit), 0, 1);
    const summary = record.summary(totals(10, {}));
    assert.deepEqual(summary.gates.fit, { status: 'PASS', seen: ['PASS', 'FAIL', 'PASS'], failed: ['payment'] });
    assert.deepEqual(summary.gates.uv, { status: 'PASS', seen: ['PASS'], failed: [] });
    assert.equal(summary.gates.isolation?.status, 'UNKNOWN');
  });

  it('sums edges up over time and keeps the last word on an action', () => {
    const record = new RunRecord();
    record.observe(status(GateStatus.GATE_STATUS_FAIL), 0, 1);
    record.act(
      StabilityAction.fromPartial({ id: 'a1', kind: 'limit-concurrency', phase: 'ended', endCause: 'recovered' }),
    );
    record.observe(status(GateStatus.GATE_STATUS_FAIL), 0, 2);
    const { edges, actions } = record.summary(totals(10, {}));
    assert.deepEqual(edges['checkout/payment'], {
      offered: 2400,
      admitted: 570,
      refused: 1830,
      good: 567,
      p99MsMax: 51,
    });
    assert.deepEqual(
      actions.map(({ phase, endCause }) => [phase, endCause]),
      [['ended', 'recovered']],
    );
  });

  it('counts answers without a reason, transport failures and calls never sent as errors', () => {
    const traffic = mergeTotals([totals(5, { 504: 2 }), totals(6, { 504: 1, ECONNRESET: 4 }, 8)]);
    const summary = new RunRecord().summary(traffic);
    assert.deepEqual([summary.requests, summary.ok, summary.errors], [11, 2, 2 + 1 + 4 + 8]);
    assert.deepEqual(summary.refused, { 'breaker-open': 4 });
    assert.deepEqual(summary.errorsByCause, { 504: 3, ECONNRESET: 4, unsent: 8 });
  });
});

describe('ChapterRecord', () => {
  const chapter = {
    name: 'payment overloaded',
    seconds: 10,
    webRps: 500,
    reportsRps: 30,
    reportsWork: 1,
    fails: { gate: 'fit', service: 'payment' },
  } as const;
  const { GATE_STATUS_PASS: pass, GATE_STATUS_FAIL: fail, GATE_STATUS_UNKNOWN: unknown } = GateStatus;
  const outcomeOf = (...seen: readonly (readonly [number, GateStatus])[]) => {
    const record = new ChapterRecord(chapter, 30);
    for (const [sec, fit] of seen) record.observe(status(fit), sec);
    return record.outcome;
  };

  it('says when the gate failed and when it passed for good, by the ends of the chapter', () => {
    const { failedAfterSec, passedAfterSec } = outcomeOf([31, pass], [32.5, fail], [35, pass], [36, fail], [44, pass]);
    assert.deepEqual([failedAfterSec, passedAfterSec], [2.5, 4]);
  });

  it('looks no further once the chapter is over and the gate has passed', () => {
    assert.equal(outcomeOf([32, fail], [44, pass], [50, fail]).passedAfterSec, 4);
    assert.equal(outcomeOf([32, fail], [36, pass], [39, fail]).passedAfterSec, null);
  });

  it('takes neither a gate that never failed nor one that is not known for one that passed', () => {
    assert.deepEqual(outcomeOf([32, pass], [45, pass]).failedAfterSec, null);
    assert.equal(outcomeOf([32, pass], [45, pass]).passedAfterSec, null);
    assert.equal(outcomeOf([32, fail], [45, unknown]).passedAfterSec, null);
  });

  it('names the actions of its gate', () => {
    const record = new ChapterRecord(chapter, 30);
    for (const gate of ['fit', 'uv']) {
      record.act(StabilityAction.fromPartial({ gate, kind: `of ${gate}`, phase: 'started' }));
    }
    assert.deepEqual(record.outcome.actions, ['of fit']);
  });
});

describe('statusLines()', () => {
  it('shows edges, gates and actions', () => {
    const text = statusLines(status(GateStatus.GATE_STATUS_FAIL), 12, null).join('\n');
    assert.match(text, /checkout → payment +800 +190 +610 +189 +51 +14/);
    assert.match(text, /gates payment: fit FAIL {2}gluing UNKNOWN {2}uv PASS/);
    assert.match(text, /action limit-concurrency on payment \(fit\), size 14/);
  });
});
