import assert from 'node:assert/strict';
import type { LoadShare } from '../../../../core/admission/load-limit.ts';
import type { CapacityPlan, EdgeLeasePlan, LeasePlan, OverlayPlan } from '../../../../core/allocators/capacity-plan.ts';
import {
  EMPTY_LEASE_BOOK,
  heldRps,
  type LeaseBook,
  type NodeObservation,
  restoreLeaseBook,
} from '../../../../core/allocators/lease-book.ts';
import { sliceLimits } from '../../../../core/allocators/slice-limits.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { observationLimits } from '../../../../core/capacity/observation.ts';

const LEASE_MS = 60_000;

interface PlanOptions {
  readonly overlay?: OverlayPlan;
  readonly obs?: number;
  readonly limitRps?: number | null;
  readonly nodeCount?: number;
  readonly anonymous?: string;
  readonly guaranteeRps?: number;
  readonly load?: LoadShare;
  readonly maxRequests?: number;
}

function planOf({
  limitRps = 100,
  nodeCount = 1,
  anonymous,
  guaranteeRps = 80,
  overlay,
  obs,
  load,
  maxRequests,
}: PlanOptions = {}): CapacityPlan {
  const edge = {
    key: 'checkout/payment' as const,
    workload: 'checkout',
    service: 'payment',
    tenant: 'shop',
    prio: 7,
    weight: 1,
    budget: UNLIMITED,
    geo: null,
    observation: observationLimits(obs ?? null),
    guaranteeRps: limitRps === null ? null : guaranteeRps,
    limitRps,
    burst: limitRps === null ? null : 40,
    concurrency: null,
    load: load ?? { cpuMsPerSec: null, memoryMiB: null },
    breaker:
      maxRequests === undefined
        ? null
        : { maxRequests, maxConnections: 2 * maxRequests, maxPendingRequests: maxRequests },
    backstop: null,
    safe: null,
    retryBudgetPercent: 20,
    errorThreshold: 0.1,
    leaseMs: LEASE_MS,
    overlay: overlay ?? null,
  };
  const service = {
    service: 'payment',
    endpoints: ['127.0.0.1:1'],
    timeoutMs: 1000,
    ejectFailing: false,
    anonymous: anonymous ?? null,
    authorizerDown: 'degrade' as const,
    capacityRps: 100,
    concurrency: null,
    edges: [edge],
    unverified: null,
  };
  return { mesh: 'shop', nodeCount, services: [service] };
}

const report = (node: string, offered: number, ackedSeq: number, lastFrameMs: number): NodeObservation => ({
  node,
  offeredRps: new Map([['checkout/payment', offered]]),
  ackedSeq,
  lastFrameMs,
});

function slice(plan: CapacityPlan, nodes: readonly NodeObservation[], book: LeaseBook, nowMs: number) {
  return sliceLimits({ plan, nodes, book, epoch: 3, nowMs });
}

const only = (leases: readonly LeasePlan[]): LeasePlan => {
  assert.equal(leases.length, 1);
  return leases[0]!;
};
const firstEdge = (lease: LeasePlan): EdgeLeasePlan => lease.edges[0]!;
const held = (book: LeaseBook, node: string): number => heldRps(book.nodes.get(node), 'checkout/payment');

describe('sliceLimits()', () => {
  it('gives one node the whole edge with the guarantee as its safe share', () => {
    const lease = only(slice(planOf(), [report('n1', 10, 0, 0)], EMPTY_LEASE_BOOK, 0).leases);
    assert.deepEqual(lease, {
      node: 'n1',
      epoch: 3,
      seq: 1,
      anonymous: [],
      edges: [
        {
          workload: 'checkout',
          service: 'payment',
          rateRps: 100,
          burst: 40,
          safeRateRps: 80,
          safeBurst: 40,
          guaranteeRps: 80,
          guaranteeBurst: 40,
          leaseMs: LEASE_MS,
          accessLogLinesPerSec: 100,
          timeoutMs: 1000,
          maxRequests: undefined,
        },
      ],
    });
  });

  it('splits by what each node is offered, 10 % of an equal split at least', () => {
    const nodes = [report('n1', 95, 0, 0), report('n2', 0, 0, 0)];
    const { leases } = slice(planOf({ nodeCount: 2 }), nodes, EMPTY_LEASE_BOOK, 0);
    assert.deepEqual(
      leases.map((lease) => [lease.node, firstEdge(lease).rateRps, firstEdge(lease).burst]),
      [
        ['n1', 95, 38],
        ['n2', 5, 5],
      ],
    );
    assert.equal(firstEdge(leases[0]!).safeRateRps, 40);
  });

  it('gives every node an equal part of the load shares, and tells when they or the time-out move', () => {
    const load = { cpuMsPerSec: 800, memoryMiB: 512 };
    const nodes = [report('n1', 95, 0, 0), report('n2', 0, 0, 0)];
    const { leases, book } = slice(planOf({ nodeCount: 2, load }), nodes, EMPTY_LEASE_BOOK, 0);
    for (const { cpuMsPerSec, memoryMib, timeoutMs } of leases.map(firstEdge)) {
      assert.deepEqual([cpuMsPerSec, memoryMib, timeoutMs], [400, 256, 1000]);
    }
    const acked = [report('n1', 95, 1, 1000), report('n2', 0, 1, 1000)];
    const again = (moved: Partial<LoadShare>, timeoutMs = 1000): number => {
      const plan = planOf({ nodeCount: 2, load: { ...load, ...moved } });
      const services = plan.services.map((service) => ({ ...service, timeoutMs }));
      return slice({ ...plan, services }, acked, book, 1000).leases.length;
    };
    assert.deepEqual(
      [again({}), again({ cpuMsPerSec: 801 }), again({ memoryMiB: null }), again({}, 999)],
      [0, 2, 2, 2],
    );
  });

  it('gives what an edge is not offered in equal parts', () => {
    const rates = (first: number, second: number) =>
      slice(
        planOf({ nodeCount: 2 }),
        [report('n1', first, 0, 0), report('n2', second, 0, 0)],
        EMPTY_LEASE_BOOK,
        0,
      ).leases.map((lease) => firstEdge(lease).rateRps);
    assert.deepEqual(rates(40, 10), [65, 35]);
    assert.deepEqual(rates(160, 40), [80, 20], 'in proportion where more is offered than there is');
  });

  it('tells the breaker of the edge, and tells it again when it moved by more than 5 %', () => {
    const nodes = [report('n1', 10, 0, 0)];
    const first = slice(planOf({ maxRequests: 100 }), nodes, EMPTY_LEASE_BOOK, 0);
    assert.equal(firstEdge(only(first.leases)).maxRequests, 100);
    const tellings = [104, 106, 94, undefined].map((maxRequests) => {
      const plan = planOf(maxRequests === undefined ? {} : { maxRequests });
      return slice(plan, nodes, first.book, 1000).leases.length;
    });
    assert.deepEqual(tellings, [0, 1, 1, 1]);
  });

  it('writes nothing while no slice moved by more than 5 %', () => {
    const plan = planOf({ nodeCount: 2 });
    const first = slice(plan, [report('n1', 50, 0, 0), report('n2', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    const near = slice(plan, [report('n1', 52, 1, 1000), report('n2', 50, 1, 1000)], first.book, 1000);
    assert.deepEqual(near.leases, []);
    const far = slice(plan, [report('n1', 60, 1, 2000), report('n2', 50, 1, 2000)], near.book, 2000);
    assert.deepEqual(
      far.leases.map((lease) => [lease.node, lease.seq]),
      [['n2', 2]],
    );
  });

  it('lets the limit of an edge fall even by less than 5 %', () => {
    const first = slice(planOf(), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    const next = slice(planOf({ limitRps: 99 }), [report('n1', 50, 1, 1000)], first.book, 1000);
    assert.equal(firstEdge(only(next.leases)).rateRps, 99);
  });

  it('grows a slice only when the shrink of another is acknowledged', () => {
    const plan = planOf({ nodeCount: 2 });
    const start = slice(plan, [report('n1', 50, 0, 0), report('n2', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    const asked = slice(plan, [report('n1', 90, 1, 1000), report('n2', 10, 1, 1000)], start.book, 1000);
    assert.equal(only(asked.leases).node, 'n2');
    assert.equal(firstEdge(only(asked.leases)).rateRps, 10);
    const waiting = slice(plan, [report('n1', 90, 1, 2000), report('n2', 10, 1, 2000)], asked.book, 2000);
    assert.deepEqual(waiting.leases, []);
    const acknowledged = slice(plan, [report('n1', 90, 1, 3000), report('n2', 10, 2, 3000)], waiting.book, 3000);
    assert.equal(only(acknowledged.leases).node, 'n1');
    assert.equal(firstEdge(only(acknowledged.leases)).rateRps, 90);
  });

  it('renews leases at half their term while frames come', () => {
    const first = slice(planOf(), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    assert.deepEqual(slice(planOf(), [report('n1', 50, 1, 29_999)], first.book, 29_999).leases, []);
    const renewed = only(slice(planOf(), [report('n1', 50, 1, 30_000)], first.book, 30_000).leases);
    assert.equal(renewed.seq, 2);
    assert.deepEqual(renewed.edges, only(first.leases).edges);
  });

  it('keeps the slice of a silent node until expiry, then its safe share for ten minutes', () => {
    const plan = planOf({ nodeCount: 2, guaranteeRps: 60 });
    let { book } = slice(plan, [report('n1', 80, 0, 0), report('n2', 20, 0, 0)], EMPTY_LEASE_BOOK, 0);
    const written: LeasePlan[] = [];
    let acked = 1;
    const heldBy: [number, number][] = [];
    for (let nowMs = 1000; nowMs <= 700_000; nowMs += 1000) {
      const nodes = [report('n1', 80, 1, 0), report('n2', 80, acked, nowMs)];
      const result = slice(plan, nodes, book, nowMs);
      book = result.book;
      for (const lease of result.leases) {
        written.push(lease);
        if (lease.node === 'n2') acked = lease.seq;
      }
      const total = held(book, 'n1') + held(book, 'n2');
      assert.ok(total <= 100 + 1e-9, `${total} outstanding at ${nowMs} ms`);
      heldBy.push([held(book, 'n1'), held(book, 'n2')]);
    }
    assert.deepEqual(heldBy[59], [80, 20]);
    assert.deepEqual(heldBy[65], [30, 70]);
    assert.deepEqual(heldBy[650], [30, 70]);
    assert.deepEqual(heldBy.at(-1), [0, 100]);
    assert.deepEqual(
      written.filter((lease) => lease.node === 'n1').map((lease) => [lease.seq, firstEdge(lease).rateRps]),
      [
        [2, 50],
        [3, 30],
      ],
      'the stored lease of the silent node shrinks to what it applies',
    );
  });

  const shedding = { burstFactor: 0.7, shedBelowPrio: 3, shedRatio: 0.5, shedRetries: true, fenced: false };

  it('carries actions at once, with a term of their own, and drops them at once', () => {
    const plain = slice(planOf(), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    assert.equal(firstEdge(only(plain.leases)).overlayExpiresInMs, undefined);
    const acting = slice(planOf({ overlay: shedding }), [report('n1', 50, 1, 1000)], plain.book, 1000);
    const { burst, guaranteeBurst, overlayExpiresInMs, shedBelowPrio, shedRatio, shedRetries, fenced } = firstEdge(
      only(acting.leases),
    );
    assert.deepEqual(
      { overlayExpiresInMs, shedBelowPrio, shedRatio, shedRetries, fenced },
      { overlayExpiresInMs: 30_000, shedBelowPrio: 3, shedRatio: 0.5, shedRetries: true, fenced: false },
    );
    assert.deepEqual([burst, guaranteeBurst], [28, 40]);
    const ended = slice(planOf(), [report('n1', 50, 2, 2000)], acting.book, 2000);
    assert.equal(firstEdge(only(ended.leases)).overlayExpiresInMs, undefined);
  });

  it('writes a lease with actions anew at half of their term, so that they hold while they are decided', () => {
    let { book } = slice(planOf({ overlay: shedding }), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    const writtenAt: number[] = [];
    for (let nowMs = 1000; nowMs <= 60_000; nowMs += 1000) {
      const result = slice(planOf({ overlay: shedding }), [report('n1', 50, 1, nowMs)], book, nowMs);
      ({ book } = result);
      if (result.leases.length > 0) writtenAt.push(nowMs);
    }
    assert.deepEqual(writtenAt, [15_000, 30_000, 45_000, 60_000]);
  });

  it('gives each node its part of the lines that C_obs allows, and again when that changes', () => {
    const nodes = [report('n1', 50, 0, 0), report('n2', 50, 0, 0)];
    const linesOf = ({ leases }: { readonly leases: readonly LeasePlan[] }) =>
      leases.map((lease) => firstEdge(lease).accessLogLinesPerSec);
    const before = slice(planOf({ nodeCount: 2 }), nodes, EMPTY_LEASE_BOOK, 0);
    assert.deepEqual(linesOf(before), [50, 50]);
    const acked = [report('n1', 50, 1, 1000), report('n2', 50, 1, 1000)];
    assert.deepEqual(linesOf(slice(planOf({ nodeCount: 2, obs: 1 }), acked, before.book, 1000)), [500, 500]);
  });

  it('renders no rate where an edge has no limit', () => {
    const lease = only(slice(planOf({ limitRps: null }), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0).leases);
    assert.equal(firstEdge(lease).rateRps, undefined);
    assert.equal(firstEdge(lease).guaranteeRps, 0);
  });

  it('tells sidecars who calls without a token, and again when that changes', () => {
    const first = slice(planOf(), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    const plan = planOf({ anonymous: 'checkout' });
    const next = only(slice(plan, [report('n1', 50, 1, 1000)], first.book, 1000).leases);
    assert.deepEqual(next.anonymous, [{ service: 'payment', workload: 'checkout', prio: 7 }]);
  });

  it('takes up the stored leases of the control plane before it', () => {
    const first = only(slice(planOf(), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0).leases);
    const book = restoreLeaseBook([{ ...first, seq: 41 }], 0);
    const grown = slice(planOf({ nodeCount: 2 }), [report('n1', 50, 0, 0), report('n2', 50, 0, 0)], book, 0);
    assert.deepEqual(
      grown.leases.map((lease) => [lease.node, lease.seq, firstEdge(lease).rateRps]),
      [
        ['n1', 42, 50],
        ['n2', 1, 0],
      ],
    );
  });

  it('folds leases that are never acknowledged, and still counts the largest', () => {
    let { book } = slice(planOf({ limitRps: 100 }), [report('n1', 50, 0, 0)], EMPTY_LEASE_BOOK, 0);
    for (let tick = 1; tick <= 20; tick += 1) {
      const limitRps = tick % 2 === 0 ? 40 : 20;
      book = slice(planOf({ limitRps }), [report('n1', 50, 0, tick * 1000)], book, tick * 1000).book;
    }
    assert.equal(held(book, 'n1'), 100);
    assert.equal(book.nodes.get('n1')?.outstanding.length, 8);
  });
});
