import assert from 'node:assert/strict';
import type { EdgePlan, ServicePlan } from '../../../../core/allocators/capacity-plan.ts';
import { planCapacity } from '../../../../core/allocators/plan-capacity.ts';
import type { PlanInput, ServiceObservation } from '../../../../core/allocators/plan-input.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';

interface Case {
  readonly service?: string;
  readonly budgets: string;
  readonly seen?: Partial<ServiceObservation>;
  readonly input?: Partial<PlanInput>;
}

function plan({ service = '', budgets, seen, input }: Case): ServicePlan {
  const checked = parseMeshFile(`
mesh: m
services: { s: { endpoints: [127.0.0.1:1]${service} } }
workloads: { a: { prio: 9 }, b: { prio: 1 } }
budgets: ${budgets}`);
  if (!checked.ok) assert.fail(JSON.stringify(checked.problems));
  const observation: ServiceObservation = {
    learnedRps: null,
    concurrencyLimit: null,
    trimming: false,
    baselineLatencyMs: null,
    inFlight: new Map(),
    ...seen,
  };
  const { services } = planCapacity({
    config: checked.value,
    nodes: ['n1'],
    live: new Map(),
    services: new Map(seen ? [['s', observation]] : []),
    offeredRps: new Map(),
    ...input,
  });
  return services[0] ?? assert.fail('no service');
}

const edges = (service: ServicePlan): (number | null)[] => service.edges.map((edge) => edge.concurrency);
const first = (service: ServicePlan): EdgePlan => service.edges[0] ?? assert.fail('no edge');
const BOTH_OPEN = '{ a: { s: {} }, b: { s: {} } }';

describe('planCapacity() with little known', () => {
  it('renders nothing from an unknown capacity but a bucket for unknown callers', () => {
    const service = plan({ budgets: '{ a: { s: { int: 0.5 } } }' });
    const { guaranteeRps, limitRps, burst, concurrency, breaker, backstop, safe } = first(service);
    assert.deepEqual(
      [guaranteeRps, limitRps, burst, concurrency, breaker, backstop, safe],
      [null, null, null, null, null, null, null],
    );
    assert.deepEqual(service.unverified, { maxTokens: 25, tokensPerFill: 10, fillIntervalMs: 100 });
  });

  it('lets grants narrow what may be reached and what is seen, but not what errors are borne', () => {
    const budgets = '{ a: { s: { int: 0.8, geo: 0.6, obs: 0.5 } }, b: { s: {} } }';
    const grant = { geo: 0.4, int: 0.5, gauge: null, ptr: null, obs: 0.5 };
    const { edges: all } = plan({ budgets, input: { live: new Map([['a', grant]]) } });
    const [a, b] = all;
    assert.deepEqual([a?.geo, a?.observation.accessLogLinesPerSec], [0.4, 250]);
    assert.deepEqual([b?.geo, b?.observation.accessLogLinesPerSec], [null, 100]);
    const [ungranted] = plan({ budgets }).edges;
    assert.deepEqual([ungranted?.geo, ungranted?.observation.accessLogLinesPerSec], [0.6, 500]);
    assert.equal(a?.errorThreshold, ungranted?.errorThreshold);
  });

  it('shares CPU by C_int and memory by C_ptr, whatever else is known', () => {
    const loads = (capacity: string, budgets: string) =>
      plan({ service: `, capacity: {${capacity}}`, budgets }).edges.map(({ load }) => load);
    const contended = '{ a: { s: { int: 0.8, ptr: 0.5 } }, b: { s: { int: 0.8 } } }';
    assert.deepEqual(loads('cpuMsPerSec: 1000, memoryMiB: 2048', contended), [
      { cpuMsPerSec: 500, memoryMiB: 1024 },
      { cpuMsPerSec: 500, memoryMiB: null },
    ]);
    assert.deepEqual(loads('rps: 10', contended)[0], { cpuMsPerSec: null, memoryMiB: null });
  });

  it('lets every edge use the whole open guard', () => {
    assert.deepEqual(edges(plan({ budgets: BOTH_OPEN, seen: { concurrencyLimit: 64.7 } })), [64, 64]);
  });

  it('shares N out while trimming, the lowest class to its floor', () => {
    assert.deepEqual(edges(plan({ budgets: BOTH_OPEN, seen: { concurrencyLimit: 20, trimming: true } })), [18, 2]);
  });

  it('lets go of N that an edge does not need while trimming', () => {
    const seen = { concurrencyLimit: 20, trimming: true, inFlight: new Map([['a/s', 4] as const]) };
    assert.deepEqual(edges(plan({ budgets: BOTH_OPEN, seen })), [6, 14]);
  });

  it('lets priority decide under a trimmed N even where ptr is a share of it', () => {
    const budgets = '{ a: { s: { ptr: 0.8 } }, b: { s: { ptr: 0.6 } } }';
    assert.deepEqual(edges(plan({ budgets, seen: { concurrencyLimit: 20, trimming: true } })), [16, 4]);
  });

  it('follows Little where only the rate is known, 1024 while R0 is not', () => {
    const service = ', capacity: { rps: 100 }';
    const budgets = '{ a: { s: { int: 0.5 } } }';
    assert.deepEqual(edges(plan({ service, budgets })), [1024]);
    assert.deepEqual(edges(plan({ service, budgets, seen: { baselineLatencyMs: 100 } })), [8]);
    assert.deepEqual(edges(plan({ service, budgets, seen: { concurrencyLimit: 40 } })), [40], 'never above N');
  });

  it('sets no limit of its own on an edge without ptr where N is known', () => {
    const seen = { concurrencyLimit: 40, baselineLatencyMs: 100 };
    const budgets = '{ a: { s: { int: 0.5 } }, b: { s: { int: 0.3, ptr: 0.5 } } }';
    assert.deepEqual(edges(plan({ service: ', capacity: { rps: 100 }', budgets, seen })), [40, 20]);
  });

  it('falls back to Little for a ptr of an unknown N', () => {
    const service = ', capacity: { rps: 100 }';
    assert.deepEqual(
      edges(plan({ service, budgets: '{ a: { s: { int: 0.5, ptr: 0.5 } } }', seen: { baselineLatencyMs: 100 } })),
      [8],
    );
  });

  it('takes what was learned below the declared capacity, never above', () => {
    const capped = { service: ', capacity: { rps: 100 }', budgets: '{ a: { s: { int: 0.5 } } }' };
    assert.equal(plan({ ...capped, seen: { learnedRps: 80 } }).capacityRps, 80);
    assert.equal(plan({ ...capped, seen: { learnedRps: 800 } }).capacityRps, 100);
    assert.equal(plan({ budgets: capped.budgets, seen: { learnedRps: 80 } }).capacityRps, 80);
  });

  it('does not limit an edge without int, yet counts it and bounds it while the authorizer is away', () => {
    const service = plan({ service: ', capacity: { rps: 100 }', budgets: '{ a: { s: {} }, b: { s: { int: 1 } } }' });
    assert.equal(first(service).limitRps, null);
    assert.equal(service.edges[1]?.guaranteeRps, 50);
    assert.deepEqual(first(service).safe, { maxTokens: 25, tokensPerFill: 5, fillIntervalMs: 100 });
  });
});

describe('calls of unknown callers', () => {
  const service = ', capacity: { rps: 1000 }';

  it('share 10 % of K over the nodes while the authorizer is away', () => {
    const { unverified } = plan({ service, budgets: '{ a: { s: { int: 1 } } }', input: { nodes: ['n1', 'n2'] } });
    assert.deepEqual(unverified, { maxTokens: 13, tokensPerFill: 5, fillIntervalMs: 100 });
  });

  it('get no more than the edges are guaranteed', () => {
    const { unverified } = plan({ service, budgets: '{ a: { s: { int: 0.05 } } }' });
    assert.deepEqual(unverified, { maxTokens: 25, tokensPerFill: 5, fillIntervalMs: 100 });
  });

  it('are refused where nobody has a budget, and where the service says closed', () => {
    assert.equal(plan({ service, budgets: '{ a: { s: { int: 0 } } }' }).unverified, null);
    assert.equal(
      plan({ service: `${service}, authorizerDown: closed`, budgets: '{ a: { s: { int: 1 } } }' }).unverified,
      null,
    );
  });
});
