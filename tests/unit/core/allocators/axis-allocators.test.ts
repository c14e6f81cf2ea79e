import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CapacityAllocator, localWorkload } from '../../../../core/allocators/capacity-allocator.ts';
import { planCapacity } from '../../../../core/allocators/plan-capacity.ts';
import { NOWHERE, reachableEndpoints } from '../../../../core/allocators/reachable-endpoints.ts';
import type { WorkloadSpec } from '../../../../core/allocators/workload-spec.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { meshConfig } from '../../../support/arbitrary-mesh.ts';
import { SHOP } from '../../../support/mesh-fixtures.ts';

const allocator = new CapacityAllocator();

const workload = (more: Partial<WorkloadSpec['pool']> = {}): WorkloadSpec => ({
  workloadId: 'checkout',
  weight: 2,
  pool: {
    capacity: { rps: 400, concurrency: 24, cpuMsPerSec: 4000, memoryMiB: 1000 },
    nodes: 1,
    replicas: 5,
    endpointsPerLevel: [1, 2, 4, 8, 16],
    others: [{ vector: { ...UNLIMITED, int: 0.5, ptr: 0.5 }, weight: 1 }],
    ...more,
  },
});

describe('allocators by axis (CONTRACT §D)', () => {
  it('C_geo switches levels of the topology on, at 0.2, 0.4, 0.6, 0.8 and 1.0', () => {
    const flags = (cGeo: number | null): boolean[] => {
      const { threadsPerCore, coresPerNuma, numaPerNode, nodesPerRack, racksActive } = allocator.geo.allocate(
        cGeo,
        workload(),
      );
      return [threadsPerCore, coresPerNuma, numaPerNode, nodesPerRack, racksActive];
    };
    for (const [level, threshold] of [0.2, 0.4, 0.6, 0.8, 1].entries()) {
      assert.deepEqual(
        flags(threshold),
        [0, 1, 2, 3, 4].map((each) => each <= level),
      );
      assert.deepEqual(
        flags(threshold - 0.01),
        [0, 1, 2, 3, 4].map((each) => each < level),
      );
    }
    assert.deepEqual(flags(0), [false, false, false, false, false]);
    assert.deepEqual(flags(null), [true, true, true, true, true]);
    const partly = allocator.geo.allocate(0.5, workload());
    assert.deepEqual([partly.nominalDims, partly.activeDims], [2.5, 3]);
    assert.deepEqual(partly.endpointsPerLevel, [1, 2, 2, 0, 0]);
  });

  it('C_int settles the rate with all others, and never lets retries be more than 20 %', () => {
    const both = { guaranteeRps: 800 / 3, burst: 160 / 3, retryBudgetPercent: 16, cpuMsPerSec: 8000 / 3 };
    assertClose({ ...allocator.int.allocate(0.8, workload()) }, both);
    assert.equal(allocator.int.allocate(1, workload()).retryBudgetPercent, 20);
    assert.deepEqual(allocator.int.allocate(null, workload()), {
      guaranteeRps: null,
      burst: null,
      retryBudgetPercent: 20,
      errorThreshold: 0.1,
      cpuMsPerSec: null,
    });
    const { guaranteeRps, burst } = allocator.int.allocate(0, workload());
    assert.deepEqual([guaranteeRps, burst], [0, 0]);
  });

  it('C_gauge never lets a minority decide', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 99 }), (cGauge, replicas) => {
        const { quorum } = allocator.gauge.allocate(cGauge, workload({ replicas }));
        return 2 * quorum > replicas && quorum <= replicas;
      }),
    );
    const all = { quorum: 5, faultsTolerated: 0, sharedMembers: 5, proposalsPerSec: 80, leaseMs: 12_000 };
    assert.deepEqual(allocator.gauge.allocate(1, workload()), all);
    const { quorum, faultsTolerated, leaseMs } = allocator.gauge.allocate(null, workload());
    assert.deepEqual([quorum, faultsTolerated, leaseMs], [3, 2, 60_000]);
  });

  it('C_ptr shares calls in flight and memory', () => {
    const { concurrency, breaker, memoryMiB } = allocator.ptr.allocate(0.75, workload({ nodes: 2 }));
    assert.equal(concurrency, 16);
    assert.deepEqual(breaker, { maxRequests: 8, maxConnections: 16, maxPendingRequests: 8 });
    assert.ok(Math.abs((memoryMiB ?? 0) - 2000 / 3) < 1e-9);
    assert.deepEqual(allocator.ptr.allocate(null, workload()), { concurrency: null, breaker: null, memoryMiB: null });
    assert.equal(allocator.ptr.allocate(0, workload()).concurrency, 0);
  });

  it('C_obs pays for traces, log lines and series', () => {
    assert.deepEqual(allocator.obs.allocate(0.3, workload()), {
      traceSamplingPercent: 30,
      accessLogLinesPerSec: 300,
      seriesPerTenant: 3000,
    });
  });

  it('gives the numbers of the plan, whatever the mesh', () => {
    fc.assert(
      fc.property(meshConfig, (config) => {
        const nothing = { live: new Map(), services: new Map(), offeredRps: new Map() };
        const plan = planCapacity({ config, nodes: ['local'], ...nothing });
        for (const edge of plan.services.flatMap(({ edges }) => edges)) {
          const { geo, int, gauge, ptr, obs } = allocator.allocate(
            edge.budget,
            localWorkload(config, edge.workload, edge.service),
          );
          const { guaranteeRps, burst, retryBudgetPercent, errorThreshold, leaseMs } = edge;
          assert.equal(int.errorThreshold, errorThreshold);
          const own = { guaranteeRps: int.guaranteeRps, burst: int.burst, retryBudgetPercent: int.retryBudgetPercent };
          assertClose({ ...own, leaseMs: gauge.leaseMs }, { guaranteeRps, burst, retryBudgetPercent, leaseMs });
          if (ptr.breaker !== null) assert.deepEqual(ptr.breaker, edge.breaker);
          assert.deepEqual(obs, edge.observation);
          const endpoints = config.services.get(edge.service)?.endpoints ?? [];
          const reachable = reachableEndpoints('w/s', edge.geo ?? 1, endpoints, NOWHERE);
          assert.deepEqual(
            geo.endpointsPerLevel,
            reachable.map((level) => level.length),
          );
        }
      }),
    );
  });

  it('refuses what is no fraction, by name', () => {
    for (const bad of [-5, 1.01, Number.NaN, Number.POSITIVE_INFINITY]) {
      const vector = { geo: bad, int: bad, gauge: bad, ptr: bad, obs: bad };
      for (const axis of ['geo', 'int', 'gauge', 'ptr', 'obs'] as const) {
        const name = `c${axis.charAt(0).toUpperCase()}${axis.slice(1)}`;
        assert.throws(
          () => allocator[axis].allocate(vector[axis], workload()),
          new RegExp(`RangeError: ${name}: must be`),
        );
      }
    }
    assert.throws(
      () => localWorkload(SHOP, 'checkout', 'nothing'),
      /budgets\.checkout\.nothing: there is no such budget/,
    );
  });
});

/** Sums of the same numbers in another order differ in the last bit. */
function assertClose(
  actual: Readonly<Record<string, number | null>>,
  expected: Readonly<Record<string, number | null>>,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const other = actual[name] ?? null;
    const close = value !== null && other !== null && Math.abs(value - other) <= 1e-9 * Math.max(1, Math.abs(value));
    assert.ok(close || value === other, `${name}: ${other}, not ${value}`);
  }
}
