import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type FitInput, fitGate } from '../../../../core/gates/fit.ts';
import { fitRate } from '../../../../core/gates/fit-rate.ts';
import { GATES, type GateName, type GateState, type GateVerdict } from '../../../../core/gates/gate-state.ts';
import { type GluingInput, gluingGate } from '../../../../core/gates/gluing.ts';
import { isolationGate, type PoolTenant } from '../../../../core/gates/isolation.ts';
import { type UvInput, uvGate } from '../../../../core/gates/uv.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { MeshPlayer, type NodeSecond } from '../../../support/mesh-player.ts';
import { seededRandom } from '../../../support/random.ts';

/** Two tenants at one service. */
const SHARED = meshConfig({
  services: { payment: { rps: 400 } },
  workloads: { web: {}, batch: {} },
  budgets: { web: { payment: { int: 0.5 } }, batch: { payment: { int: 0.5 } } },
});
/** One tenant at one service. */
const SINGLE = meshConfig({
  services: { payment: { rps: 400 } },
  workloads: { web: {} },
  budgets: { web: { payment: { int: 0.5 } } },
});
/** web → shop → stock and till, and stock → till: two services call a third. */
const CHAIN = meshConfig({
  services: { shop: {}, stock: {}, till: {} },
  workloads: { web: {}, shop: {}, stock: {} },
  budgets: { web: { shop: {} }, shop: { stock: {}, till: {} }, stock: { till: {} } },
});

function gatesOf({ kernel, nowMs }: Pick<MeshPlayer, 'kernel' | 'nowMs'>, service = 'payment'): GateState {
  const view = viewOf(kernel, nowMs).services.find((one) => one.service === service);
  assert.ok(view, service);
  return view.gates;
}

const played = (config: typeof SHARED, seconds: number, nodes: Readonly<Record<string, NodeSecond>>): MeshPlayer => {
  const player = new MeshPlayer(config);
  player.seconds(seconds, nodes);
  return player;
};

const CALLS = { 'node-1': { calls: 50 } };

/** Both tenants' loads move by themselves; latency stands still, or strays. */
function busy(seconds: number, latencyMs: (random: ReturnType<typeof seededRandom>) => number): MeshPlayer {
  const player = new MeshPlayer(SHARED);
  const random = seededRandom(9);
  for (let sec = 0; sec < seconds; sec++) {
    player.second({
      'node-1': {
        'web/payment': { calls: random.poisson(60), latencyMs: latencyMs(random) },
        'batch/payment': { calls: random.poisson(60), latencyMs: latencyMs(random) },
      },
    });
  }
  return player;
}
const straying = (random: ReturnType<typeof seededRandom>): number => 20 * Math.exp(0.25 * random.normal());

const well = (): MeshPlayer => busy(120, straying);

/** web sends 100 requests a second; for each shop makes one call to stock and one to till, and stock one to till. */
function chain(shopToTill: number, before = 100): MeshPlayer {
  const player = new MeshPlayer(CHAIN);
  const second = (toTill: number): void => {
    const steady = { calls: 100 };
    const edges = { 'web/shop': steady, 'shop/stock': steady, 'stock/till': steady, 'shop/till': { calls: toTill } };
    player.second({ 'node-1': edges });
  };
  for (let sec = 0; sec < 60; sec++) second(before);
  for (let sec = 0; sec < 15; sec++) second(shopToTill);
  return player;
}

const fitInput = (over: Partial<FitInput>): FitInput => ({
  rate: null,
  latency: {
    cells: [
      { name: 'web/payment', count: 4000, meanLog: Math.log(20), expectedMeanLog: Math.log(20), varianceLog: 0.09 },
    ],
    medianMs: 20,
  },
  errors: { ratio: 0, worst: '' },
  drift: { congestion: 1, evidence: 0, trimming: false },
  threshold: 0.25,
  attempts: 4000,
  ...over,
});
const gluingInput = (over: Partial<GluingInput>): GluingInput => ({
  distributions: [],
  counters: [],
  config: null,
  ledger: null,
  k: 3,
  geo: null,
  ...over,
});
const uvInput = (over: Partial<UvInput>): UvInput => ({
  edges: [],
  amplification: 0,
  coupling: 1,
  observedSec: 100,
  lowestHz: 1 / 30,
  tickSec: 1,
  ...over,
});
const rate = (observed: number[], expected: number[]) =>
  fitRate({ observed, expected, modelVariance: expected.map(() => 0), dispersion: 1, threshold: 0.25, z: 8 });

/** Series of a tenant; loads from a seed, so that equal seeds move as one. */
function tenant(
  name: string,
  seed: number,
  over: (t: number) => { load?: number; meanLog?: number } = () => ({}),
): PoolTenant {
  const [loads, latencies] = [seededRandom(seed), seededRandom(seed + 100)];
  return {
    name,
    ticks: Array.from({ length: 120 }, (_, t) => ({
      load: 50 + 5 * loads.normal(),
      answers: 50,
      meanLog: 3 + 0.1 * latencies.normal(),
      ...over(t),
    })),
    level: { count: 6000, meanLog: 3, expectedMeanLog: 3, varianceLog: 0.01 },
    medianMs: 20,
    entitledLoad: null,
  };
}
const isolation = (...tenants: PoolTenant[]): GateVerdict => isolationGate({ tenants, threshold: 0.1 });

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
const silent = (): MeshPlayer => new MeshPlayer(SHARED);
const quiet = (): MeshPlayer => played(SHARED, 60, { 'node-1': { calls: 0 } });
const single = (): MeshPlayer => played(SINGLE, 60, CALLS);
const still = (): MeshPlayer => played(SHARED, 120, CALLS);

/** A node that counts from zero again, a minute after it began. */
function restarted(): MeshPlayer {
  const player = well();
  step(player.kernel, {
    kind: 'frame',
    frame: { ...frameOf(player), instance: 'second', seq: 1, edges: [] },
    nowMs: player.nowMs + 1000,
  });
  step(player.kernel, { kind: 'tick', nowMs: player.nowMs + 1000, wallMs: 0 });
  return player;
}
const frameOf = (player: MeshPlayer) => ({
  mesh: 'shop',
  node: 'node-1',
  startMs: 0,
  endMs: 0,
  durationMs: 1000,
  leaseSeq: player.kernel.book.nodes.get('node-1')?.newest.seq ?? 0,
  part: 0,
  parts: 1,
});

/** A node whose frames have stopped; the other one goes on, and the first stays connected. */
function stale(seconds: number): MeshPlayer {
  const player = new MeshPlayer(SHARED);
  player.seconds(60, { 'node-1': { calls: 50 }, 'node-2': { calls: 50 } });
  player.rollout = ['node-1', 'node-2'].map((node) => ({ node, connected: true, upToDate: true }));
  player.seconds(seconds, CALLS);
  return player;
}

/** Both tenants busy, and a wall clock of their node that jumps by so much after a minute. */
function skewed(byMs: number) {
  const kernel = createKernel();
  const player = new MeshPlayer(SHARED, (event) => {
    if (event.kind !== 'frame' || event.frame.seq <= 60) return step(kernel, event).effects;
    const { startMs, endMs } = event.frame;
    return step(kernel, { ...event, frame: { ...event.frame, startMs: startMs + byMs, endMs: endMs + byMs } }).effects;
  });
  player.seconds(120, CALLS);
  return { kernel, nowMs: player.nowMs };
}

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
