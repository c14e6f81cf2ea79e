import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fitGate } from '../../../../core/gates/fit.ts';
import { GATES, type GateName, type GateVerdict } from '../../../../core/gates/gate-state.ts';
import { gluingGate } from '../../../../core/gates/gluing.ts';
import { uvGate } from '../../../../core/gates/uv.ts';
import {
  busy,
  CALLS,
  chain,
  fitInput,
  gatesOf,
  gluingInput,
  isolation,
  played,
  quiet,
  rate,
  restarted,
  SHARED,
  SINGLE,
  silent,
  single,
  skewed,
  stale,
  still,
  straying,
  tenant,
  uvInput,
  well,
} from '../../../support/failure-scenes.ts';
import { seededRandom } from '../../../support/random.ts';

interface Cell {
  /** What the table of MATHS §B8 says, or where a decision departs from it. */
  readonly says: string;
  readonly verdict: () => GateVerdict;
  readonly status: GateVerdict['status'];
  readonly reason?: string;
  readonly ratio?: number;
  readonly worst?: string;
  readonly evidence?: Readonly<Record<string, number>>;
}

const PASS = 'PASS' as const;
const UNKNOWN = 'UNKNOWN' as const;
/** Row by row as in MATHS §B8; `null` where the table has "-". */
const ROWS: Readonly<Record<string, Readonly<Record<GateName, Cell | null>>>> = {
  'no data': {
    fit: { says: 'UNKNOWN warmup', verdict: () => gatesOf(silent()).fit, status: UNKNOWN, reason: 'warmup' },
    gluing: { says: 'UNKNOWN', verdict: () => gatesOf(silent()).gluing, status: UNKNOWN, reason: 'warmup' },
    uv: { says: 'UNKNOWN', verdict: () => gatesOf(silent()).uv, status: UNKNOWN, reason: 'warmup' },
    isolation: { says: 'UNKNOWN', verdict: () => gatesOf(silent()).isolation, status: UNKNOWN, reason: 'warmup' },
  },
  'first T_obs': {
    fit: {
      says: 'UNKNOWN warmup',
      verdict: () => gatesOf(played(SHARED, 20, CALLS)).fit,
      status: UNKNOWN,
      reason: 'warmup',
    },
    gluing: {
      says: 'UNKNOWN below 20 calls of a view; it needs no history beyond that',
      verdict: () =>
        gluingGate(gluingInput({ counters: [{ edge: 'web/payment', out: 19, in: 19, inFlightBound: 0 }] })),
      status: UNKNOWN,
      reason: 'insufficient_mass',
    },
    uv: {
      says: 'UNKNOWN (u_res > 1)',
      verdict: () => gatesOf(played(SHARED, 20, CALLS)).uv,
      status: UNKNOWN,
      reason: 'warmup',
      evidence: { u_res: 30 / 19 },
    },
    isolation: {
      says: 'UNKNOWN (< 30 differences)',
      verdict: () => gatesOf(busy(20, straying)).isolation,
      status: UNKNOWN,
      reason: 'warmup',
    },
  },
  'zero traffic': {
    fit: { says: 'UNKNOWN', verdict: () => gatesOf(quiet()).fit, status: UNKNOWN, reason: 'no-traffic' },
    gluing: {
      says: '(a), (b) skipped; (c) still decides',
      verdict: () => gatesOf(quiet()).gluing,
      status: PASS,
      evidence: { u_config: 0, comparisons: 0 },
    },
    uv: {
      says: 'u_burst 0, PASS',
      verdict: () => gatesOf(quiet()).uv,
      status: PASS,
      ratio: 0,
      evidence: { u_burst: 0 },
    },
    isolation: {
      says: 'UNKNOWN: nobody has any load',
      verdict: () => gatesOf(quiet()).isolation,
      status: UNKNOWN,
      reason: 'no-traffic',
    },
  },
  'single service, single replica': {
    fit: {
      says: 'PASS by latency, errors and overload; the rate part is for callers that are services (CONTRACT §G)',
      verdict: () => gatesOf(single()).fit,
      status: PASS,
    },
    gluing: {
      says: 'only (c) and both counts of one node; nothing configured: not applicable',
      verdict: () => gluingGate(gluingInput({})),
      status: 'NOT_APPLICABLE',
      reason: 'no-overlap',
    },
    uv: {
      says: 'burst only; ρ(M) = r',
      verdict: () => gatesOf(played(SINGLE, 60, { 'node-1': { calls: 100, attempts: 110, retries: 10, level: 5 } })).uv,
      status: PASS,
      evidence: { amplification: 10 / 110 },
    },
    isolation: {
      says: 'not applicable with one tenant, and the mesh may be stable',
      verdict: () => gatesOf(single()).isolation,
      status: 'NOT_APPLICABLE',
      reason: 'one-tenant',
    },
  },
  'new edge': {
    fit: {
      says: 'pooled with a floor of 5; FAIL if large, and named, where other callers make it resolvable',
      verdict: () => gatesOf(chain(60, 0), 'till').fit,
      status: 'FAIL',
      worst: 'shop/till',
    },
    gluing: null,
    uv: null,
    isolation: null,
  },
  'edge vanished': {
    fit: {
      says: 'contributes m_e: FAIL names it',
      verdict: () => gatesOf(chain(0), 'till').fit,
      status: 'FAIL',
      worst: 'shop/till',
    },
    gluing: {
      says: 'counters 0 = 0: fine',
      verdict: () => gatesOf(chain(0), 'till').gluing,
      status: PASS,
    },
    uv: null,
    isolation: {
      says: 'missing tick: with no answers there is nothing to compare',
      verdict: () =>
        isolation(tenant('web', 1), {
          ...tenant('batch', 2),
          ticks: tenant('batch', 2).ticks.map((tick) => tick && { ...tick, answers: 0 }),
        }),
      status: PASS,
    },
  },
  'NaN, infinite or negative input': {
    fit: {
      says: 'above 5 %: UNKNOWN nonfinite',
      verdict: () => fitGate(fitInput({ rate: rate([Number.NaN, 4000], [4000, 4000]) })),
      status: UNKNOWN,
      reason: 'nonfinite',
    },
    gluing: {
      says: 'above 5 %: UNKNOWN nonfinite',
      verdict: () =>
        gluingGate(
          gluingInput({
            counters: [
              { edge: 'a', out: 100, in: Number.NaN, inFlightBound: 0 },
              { edge: 'b', out: 100, in: 100, inFlightBound: 0 },
            ],
          }),
        ),
      status: UNKNOWN,
      reason: 'nonfinite',
    },
    uv: {
      says: 'UNKNOWN nonfinite',
      verdict: () =>
        uvGate(uvInput({ edges: [{ name: 'a', admittedLevelMax: Number.NaN, burst: 50, attempts: 0, retries: 0 }] })),
      status: UNKNOWN,
      reason: 'nonfinite',
    },
    isolation: {
      says: 'above 5 %: UNKNOWN nonfinite',
      verdict: () =>
        isolation(
          tenant('web', 1, (t) => (t % 8 === 0 ? { load: -1 } : {})),
          tenant('batch', 2),
        ),
      status: UNKNOWN,
      reason: 'nonfinite',
    },
  },
  'counter reset or restart': Object.fromEntries(
    GATES.map((gate) => [
      gate,
      {
        says: 'the tick is missing: what held before holds, nothing is counted twice or below zero',
        verdict: () => gatesOf(restarted())[gate],
        status: PASS,
        ratio: gatesOf(well())[gate].ratio ?? 0,
      },
    ]),
  ) as Record<GateName, Cell>,
  'clock skew above 5 s': {
    fit: {
      says: 'immune: intervals are measured on the clock of the node that counts',
      verdict: () => gatesOf(skewed(-60_000)).fit,
      status: PASS,
    },
    gluing: {
      says: 'B grows with the skew, above 5 s UNKNOWN clock (views here are of one node each, so that it is 0)',
      verdict: () =>
        gluingGate(gluingInput({ counters: [{ edge: 'a', out: 100, in: 100, inFlightBound: 0 }], clockSkewSec: 5.1 })),
      status: UNKNOWN,
      reason: 'clock',
    },
    uv: { says: 'immune', verdict: () => gatesOf(skewed(-60_000)).uv, status: PASS },
    isolation: {
      says: 'immune: all series are of the same frames',
      verdict: () => gatesOf(skewed(60_000)).isolation,
      status: UNKNOWN,
      reason: 'no_variance',
    },
  },
  'constant series': {
    fit: { says: 'debiased to 0', verdict: () => gatesOf(still()).fit, status: PASS, evidence: { fit_lat: 0 } },
    gluing: {
      says: 'KS 0',
      verdict: () => gatesOf(played(SHARED, 60, { ...CALLS, 'node-2': { calls: 50 } })).gluing,
      status: PASS,
      evidence: { u_distribution: 0 },
    },
    uv: { says: 'fine', verdict: () => gatesOf(still()).uv, status: PASS },
    isolation: {
      says: 'UNKNOWN no_variance',
      verdict: () => gatesOf(still()).isolation,
      status: UNKNOWN,
      reason: 'no_variance',
    },
  },
  'collinear tenants': {
    fit: null,
    gluing: null,
    uv: null,
    isolation: {
      says: 'two tenants that move as one are merged, and named together',
      verdict: () => {
        const [own, other] = [seededRandom(2), seededRandom(3)];
        const loads = Array.from({ length: 120 }, () => 50 + 5 * other.normal());
        return isolation(
          tenant('web', 1, (t) => ({ load: 50 + own.normal(), meanLog: 3 + 0.1 * ((loads[t] ?? 0) - 50) })),
          tenant('one', 4, (t) => ({ load: loads[t] ?? 0 })),
          tenant('two', 5, (t) => ({ load: 2 * (loads[t] ?? 0) })),
        );
      },
      status: 'FAIL',
      worst: 'two+one',
    },
  },
  'stale view (above 10 s)': {
    fit: { says: 'excluded: judged by the others', verdict: () => gatesOf(stale(30)).fit, status: PASS },
    gluing: {
      says: 'counts as Δ_cfg',
      verdict: () => gatesOf(stale(30)).gluing,
      status: 'FAIL',
      worst: 'node-2',
    },
    uv: { says: 'excluded', verdict: () => gatesOf(stale(30)).uv, status: PASS },
    isolation: {
      says: 'excluded',
      verdict: () => gatesOf(stale(70)).isolation,
      status: UNKNOWN,
      reason: 'no_variance',
    },
  },
};

describe('failure rows of the gates (MATHS §B8)', () => {
  for (const [row, cells] of Object.entries(ROWS)) {
    for (const gate of GATES) {
      const cell = cells[gate];
      if (cell === null) continue;
      it(`${row}, ${gate}: ${cell.says}`, () => {
        const { status, reason, ratio, worst, evidence } = cell.verdict();
        assert.deepEqual([status, reason], [cell.status, cell.reason ?? '']);
        if (cell.ratio !== undefined) assert.ok(Math.abs((ratio ?? -1) - cell.ratio) < 1e-9, `ratio ${ratio}`);
        if (cell.worst !== undefined) assert.equal(worst, cell.worst);
        for (const [name, value] of Object.entries(cell.evidence ?? {})) {
          assert.ok(Math.abs((evidence[name] ?? Number.NaN) - value) < 1e-9, `${name} is ${evidence[name]}`);
        }
      });
    }
  }
});
