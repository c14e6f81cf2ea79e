import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CapacityPlan, EdgePlan, LeasePlan } from '../../core/allocators/capacity-plan.ts';
import { EdgeLeases } from '../../core/allocators/edge-leases.ts';
import { EMPTY_LEASE_BOOK, heldRps, type LeaseBook, type NodeObservation } from '../../core/allocators/lease-book.ts';
import { sliceLimits } from '../../core/allocators/slice-limits.ts';
import { at } from '../../core/at.ts';
import { UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import { observationLimits } from '../../core/capacity/observation.ts';
import { type EdgeKey, edgeKey } from '../../core/mesh/mesh-config.ts';

const EDGES: readonly EdgeKey[] = ['a/s', 'b/s', 'c/s'];
const NODES = ['node-1', 'node-2', 'node-3'];
const CAPACITY_RPS = 1000;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** One second in the life of three nodes: what they are offered, whether they hear, and whether they are heard. */
interface Second {
  readonly limits: readonly number[];
  readonly offered: readonly (readonly number[])[];
  readonly receives: readonly boolean[];
  readonly reports: readonly boolean[];
}

const three = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 3, maxLength: 3 });

/** Limits as a plan has them: together at most K. */
const withinCapacity = (limits: readonly number[]): number[] =>
  limits.map((limit) => limit * Math.min(1, CAPACITY_RPS / Math.max(1, sum(limits))));

const traffic = fc.record({
  limits: three(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 900 }))).map(withinCapacity),
  offered: three(three(fc.integer({ min: 0, max: 500 }))),
});

/** Whether a node hears and is heard, in spells long enough for leases to expire. */
const spell = fc.record({ seconds: fc.integer({ min: 1, max: 25 }), receives: fc.boolean(), reports: fc.boolean() });

const life: fc.Arbitrary<Second[]> = fc
  .record({
    traffic: fc.array(traffic, { minLength: 1, maxLength: 60 }),
    spells: three(fc.array(spell, { minLength: 1, maxLength: 6 })),
  })
  .map(({ traffic: seconds, spells }) => {
    const links = spells.map((list) => list.flatMap((one) => new Array<typeof one>(one.seconds).fill(one)));
    return seconds.map((now, tick) => ({
      ...now,
      receives: links.map((link) => link[tick]?.receives ?? true),
      reports: links.map((link) => link[tick]?.reports ?? true),
    }));
  });

/** A node as it really is: the lease it applies and until when. */
interface SimulatedNode {
  lease: LeasePlan | null;
  receivedMs: number;
  mail: LeasePlan | null;
  observation: NodeObservation;
}

const edgePlan = (key: EdgeKey, limitRps: number): EdgePlan => ({
  key,
  workload: key.slice(0, 1),
  service: 's',
  tenant: 't',
  prio: 5,
  weight: 1,
  budget: UNLIMITED,
  geo: null,
  observation: observationLimits(null),
  guaranteeRps: 90,
  limitRps,
  burst: 25,
  concurrency: null,
  load: { cpuMsPerSec: null, memoryMiB: null },
  breaker: null,
  backstop: null,
  safe: null,
  retryBudgetPercent: 20,
  errorThreshold: 0.1,
  leaseMs: 12_000,
  overlay: null,
});

const planOf = (limits: readonly number[]): CapacityPlan => ({
  mesh: 'm',
  nodeCount: NODES.length,
  services: [
    {
      service: 's',
      endpoints: ['127.0.0.1:1'],
      timeoutMs: 1000,
      ejectFailing: false,
      anonymous: null,
      authorizerDown: 'degrade',
      capacityRps: CAPACITY_RPS,
      concurrency: null,
      edges: EDGES.map((key, i) => edgePlan(key, limits[i] ?? 0)),
      unverified: null,
    },
  ],
});

/** A plan of two services with terms of all kinds; the edges of the first come and go. */
const somePlan: fc.Arbitrary<CapacityPlan> = fc
  .record({
    edges: fc.subarray(EDGES.slice(0, 2), { minLength: 0 }),
    limitRps: fc.constantFrom(null, 90, 100),
    leaseMs: fc.constantFrom(9000, 12_000),
    timeoutMs: fc.constantFrom(1000, 2000),
    maxRequests: fc.constantFrom(100, 102, 120),
    burstFactor: fc.constantFrom(null, 1, 0.5),
  })
  .map(({ edges, limitRps, leaseMs, timeoutMs, maxRequests, burstFactor }) => {
    const [service] = planOf([]).services;
    assert.ok(service);
    const overlay = { shedBelowPrio: 0, shedRatio: 0, shedRetries: false, fenced: false };
    const terms = {
      limitRps,
      leaseMs,
      breaker: { maxRequests, maxConnections: 1, maxPendingRequests: 1 },
      overlay: burstFactor === null ? null : { ...overlay, burstFactor },
    };
    const edge = (key: EdgeKey): EdgePlan => ({ ...edgePlan(key, 0), ...terms });
    const other: EdgePlan = { ...edge('c/t' as EdgeKey), service: 't' };
    return {
      ...planOf([]),
      services: [
        { ...service, timeoutMs, edges: edges.map(edge) },
        { ...service, service: 't', timeoutMs, edges: [other] },
      ],
    };
  });

/** The book as one has it that knows no more than the leases themselves. */
const withoutPlans = (book: LeaseBook): LeaseBook => ({
  nodes: new Map(
    [...book.nodes].map(([name, node]) => [
      name,
      {
        ...node,
        outstanding: node.outstanding.map((lease) => ({ ...lease, edges: new EdgeLeases([...lease.edges]) })),
      },
    ]),
  ),
});

const applied = (node: SimulatedNode, key: EdgeKey, nowMs: number): number => {
  const slice = node.lease?.edges.find((edge) => edgeKey(edge.workload, edge.service) === key);
  if (!slice) return 0;
  return nowMs - node.receivedMs > slice.leaseMs ? slice.safeRateRps : (slice.rateRps ?? 0);
};

const outstanding = (book: LeaseBook, key: EdgeKey): number =>
  [...book.nodes.values()].reduce((sum, node) => sum + heldRps(node, key), 0);

function simulate(
  seconds: readonly Second[],
  check: (before: LeaseBook, after: LeaseBook, limits: readonly number[]) => void,
) {
  const nodes: SimulatedNode[] = NODES.map((node) => ({
    lease: null,
    receivedMs: 0,
    mail: null,
    observation: { node, offeredRps: new Map(), ackedSeq: 0, lastFrameMs: 0 },
  }));
  let book = EMPTY_LEASE_BOOK;
  seconds.forEach((now, tick) => {
    const nowMs = tick * 1000;
    nodes.forEach((node, n) => {
      if (node.mail && now.receives[n]) {
        node.lease = node.mail;
        node.receivedMs = nowMs;
        node.mail = null;
      }
      if (!now.reports[n]) return;
      node.observation = {
        node: node.observation.node,
        offeredRps: new Map(EDGES.map((key, e) => [key, now.offered[n]?.[e] ?? 0])),
        ackedSeq: node.lease?.seq ?? 0,
        lastFrameMs: nowMs,
      };
    });
    const result = sliceLimits({
      plan: planOf(now.limits),
      nodes: nodes.map((node) => node.observation),
      book,
      epoch: 1,
      nowMs,
    });
    for (const lease of result.leases) {
      const node = nodes.find((candidate) => candidate.observation.node === lease.node);
      if (node) node.mail = lease;
    }
    check(book, result.book, now.limits);
    book = result.book;
    for (const key of EDGES) {
      const real = sum(nodes.map((node) => applied(node, key, nowMs)));
      assert.ok(
        real <= outstanding(book, key) + 1e-6,
        `nodes apply ${real} of ${key}, booked ${outstanding(book, key)}`,
      );
    }
  });
}

/** What nodes came to hold because a lease ran out, not because of a new one. */
const risenByExpiry = (before: LeaseBook, after: LeaseBook, key: EdgeKey): number =>
  sum(
    [...after.nodes].map(([name, node]) => {
      const rise = heldRps(node, key) - heldRps(before.nodes.get(name), key);
      const isNewLease = before.nodes.get(name)?.newest.seq !== node.newest.seq && node.expiredAtMs === null;
      return isNewLease ? 0 : Math.max(0, rise);
    }),
  );

describe('slicing limits over nodes (CONTRACT §H)', () => {
  it('never lets what is outstanding rise above the limit of an edge', () => {
    fc.assert(
      fc.property(life, (seconds) => {
        simulate(seconds, (before, after, limits) => {
          EDGES.forEach((key, e) => {
            const bound = Math.max(limits[e] ?? 0, outstanding(before, key)) + risenByExpiry(before, after, key);
            assert.ok(outstanding(after, key) <= bound + 1e-6, `${key}: ${outstanding(after, key)} > ${bound}`);
          });
        });
      }),
      { numRuns: 200 },
    );
  });

  it('never lets the edges of a service together rise above its capacity', () => {
    fc.assert(
      fc.property(life, (seconds) => {
        simulate(seconds, (before, after) => {
          const total = (book: LeaseBook): number => sum(EDGES.map((key) => outstanding(book, key)));
          const expired = sum(EDGES.map((key) => risenByExpiry(before, after, key)));
          const bound = Math.max(CAPACITY_RPS, total(before)) + expired;
          assert.ok(total(after) <= bound + 1e-6, `${total(after)} > ${bound}`);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('says the same whether or not it remembers which plan a lease was made from', () => {
    const plans = fc.array(somePlan, { minLength: 1, maxLength: 3 });
    const seconds = fc.array(fc.record({ plan: fc.nat(2), offered: three(three(fc.integer({ min: 0, max: 500 }))) }));
    let renewed = 0;
    fc.assert(
      fc.property(plans, seconds, (several, all) => {
        let [book, forgetful] = [EMPTY_LEASE_BOOK, EMPTY_LEASE_BOOK];
        all.forEach(({ plan: chosen, offered }, tick) => {
          const plan = at(several, chosen % several.length);
          const nodes = NODES.map((node, n) => ({
            node,
            offeredRps: new Map(EDGES.map((key, e) => [key, offered[n]?.[e] ?? 0])),
            ackedSeq: book.nodes.get(node)?.newest.seq ?? 0,
            lastFrameMs: 1000 * tick,
          }));
          const input = { plan, nodes, epoch: 1, nowMs: 1000 * tick };
          const [once, again] = [sliceLimits({ ...input, book }), sliceLimits({ ...input, book: forgetful })];
          assert.deepEqual(once.leases, again.leases);
          if (once.leases.length < NODES.length) renewed++;
          [book, forgetful] = [once.book, withoutPlans(again.book)];
        });
      }),
      { numRuns: 200 },
    );
    assert.ok(renewed > 100, `only ${renewed} times a lease stood as it was`);
  });

  it('hands out the whole limit once nodes acknowledge', () => {
    fc.assert(
      fc.property(traffic, (now) => {
        const calm: Second = { ...now, receives: [true, true, true], reports: [true, true, true] };
        let last: LeaseBook = EMPTY_LEASE_BOOK;
        simulate(new Array<Second>(5).fill(calm), (_, after) => {
          last = after;
        });
        EDGES.forEach((key, e) => {
          const limit = calm.limits[e] ?? 0;
          assert.ok(Math.abs(outstanding(last, key) - limit) <= 1e-6, `${key}: ${outstanding(last, key)} of ${limit}`);
        });
      }),
    );
  });
});
