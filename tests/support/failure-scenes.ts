import assert from 'node:assert/strict';
import type { FitInput } from '../../core/gates/fit.ts';
import { fitRate } from '../../core/gates/fit-rate.ts';
import type { GateState, GateVerdict } from '../../core/gates/gate-state.ts';
import type { GluingInput } from '../../core/gates/gluing.ts';
import { isolationGate, type PoolTenant } from '../../core/gates/isolation.ts';
import type { UvInput } from '../../core/gates/uv.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import { step } from '../../core/kernel/step.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { meshConfig } from './mesh-fixtures.ts';
import { MeshPlayer, type NodeSecond } from './mesh-player.ts';
import { seededRandom } from './random.ts';

/** Two tenants at one service. */
export const SHARED = meshConfig({
  services: { payment: { rps: 400 } },
  workloads: { web: {}, batch: {} },
  budgets: { web: { payment: { int: 0.5 } }, batch: { payment: { int: 0.5 } } },
});
/** One tenant at one service. */
export const SINGLE = meshConfig({
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

export function gatesOf({ kernel, nowMs }: Pick<MeshPlayer, 'kernel' | 'nowMs'>, service = 'payment'): GateState {
  const view = viewOf(kernel, nowMs).services.find((one) => one.service === service);
  assert.ok(view, service);
  return view.gates;
}

export const played = (
  config: typeof SHARED,
  seconds: number,
  nodes: Readonly<Record<string, NodeSecond>>,
): MeshPlayer => {
  const player = new MeshPlayer(config);
  player.seconds(seconds, nodes);
  return player;
};

export const CALLS = { 'node-1': { calls: 50 } };

/** Both tenants' loads move by themselves; latency stands still, or strays. */
export function busy(seconds: number, latencyMs: (random: ReturnType<typeof seededRandom>) => number): MeshPlayer {
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
export const straying = (random: ReturnType<typeof seededRandom>): number => 20 * Math.exp(0.25 * random.normal());

export const well = (): MeshPlayer => busy(120, straying);

/** web sends 100 requests a second; for each shop makes one call to stock and one to till, and stock one to till. */
export function chain(shopToTill: number, before = 100): MeshPlayer {
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

export const fitInput = (over: Partial<FitInput>): FitInput => ({
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
export const gluingInput = (over: Partial<GluingInput>): GluingInput => ({
  distributions: [],
  counters: [],
  config: null,
  ledger: null,
  k: 3,
  geo: null,
  ...over,
});
export const uvInput = (over: Partial<UvInput>): UvInput => ({
  edges: [],
  amplification: 0,
  coupling: 1,
  observedSec: 100,
  lowestHz: 1 / 30,
  tickSec: 1,
  ...over,
});
export const rate = (observed: number[], expected: number[]) =>
  fitRate({ observed, expected, modelVariance: expected.map(() => 0), dispersion: 1, threshold: 0.25, z: 8 });

/** Series of a tenant; loads from a seed, so that equal seeds move as one. */
export function tenant(
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
export const isolation = (...tenants: PoolTenant[]): GateVerdict => isolationGate({ tenants, threshold: 0.1 });

export const silent = (): MeshPlayer => new MeshPlayer(SHARED);
export const quiet = (): MeshPlayer => played(SHARED, 60, { 'node-1': { calls: 0 } });
export const single = (): MeshPlayer => played(SINGLE, 60, CALLS);
export const still = (): MeshPlayer => played(SHARED, 120, CALLS);

/** A node that counts from zero again, a minute after it began. */
export function restarted(): MeshPlayer {
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
export function stale(seconds: number): MeshPlayer {
  const player = new MeshPlayer(SHARED);
  player.seconds(60, { 'node-1': { calls: 50 }, 'node-2': { calls: 50 } });
  player.rollout = ['node-1', 'node-2'].map((node) => ({ node, connected: true, upToDate: true }));
  player.seconds(seconds, CALLS);
  return player;
}

/** Both tenants busy, and a wall clock of their node that jumps by so much after a minute. */
export function skewed(byMs: number) {
  const kernel = createKernel();
  const player = new MeshPlayer(SHARED, (event) => {
    if (event.kind !== 'frame' || event.frame.seq <= 60) return step(kernel, event).effects;
    const { startMs, endMs } = event.frame;
    return step(kernel, { ...event, frame: { ...event.frame, startMs: startMs + byMs, endMs: endMs + byMs } }).effects;
  });
  player.seconds(120, CALLS);
  return { kernel, nowMs: player.nowMs };
}
