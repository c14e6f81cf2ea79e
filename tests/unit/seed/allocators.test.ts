import assert from 'node:assert/strict';
import {
  CouplingAllocator,
  D_MAX,
  DimensionAllocator,
  ObserverAllocator,
  PointerAllocator,
  SymmetryAllocator,
  type WorkloadSpec,
} from '../../../core/index.ts';
import { assertNames, camelCase } from '../../support/seed-fixtures.ts';

describe('allocators, one for each axis', () => {
  const workload: WorkloadSpec = {
    workloadId: 'payment-service',
    weight: 1,
    pool: {
      capacity: { rps: 400, concurrency: 24, cpuMsPerSec: 4000, memoryMiB: 1000 },
      nodes: 1,
      replicas: 5,
      endpointsPerLevel: [1, 1, 1, 1, 1],
      others: [],
    },
  };

  it('C_geo: DimensionAllocator', () => {
    const allocator = new DimensionAllocator();
    const flags = ['threads_per_core', 'cores_per_numa', 'numa_per_node', 'nodes_per_rack', 'racks_active'];
    assertNames(allocator, ['allocate']);
    assert.equal(D_MAX, flags.length);
    for (const cGeo of [0, 0.19, 0.2, 0.39, 0.4, 0.5, 0.6, 0.7, 0.8, 0.99, 1]) {
      const assignment = allocator.allocate(cGeo, workload);
      assertNames(assignment, [...flags, 'active_dims', 'd_nom'], { d_nom: 'nominalDims' });
      assert.equal(assignment.nominalDims, cGeo * D_MAX);
      assert.equal(assignment.activeDims, Math.ceil(cGeo * D_MAX));
      const expected = [0.2, 0.4, 0.6, 0.8, 1].map((threshold) => cGeo >= threshold);
      assert.deepEqual(
        flags.map((flag) => assignment[camelCase(flag) as keyof typeof assignment]),
        expected,
        `C_geo ${cGeo}`,
      );
    }
  });

  it('C_int: CouplingAllocator gives message rates, and retries that cannot storm', () => {
    const assignment = new CouplingAllocator().allocate(0.5, workload);
    assert.deepEqual(assignment, {
      guaranteeRps: 200,
      burst: 40,
      retryBudgetPercent: 10,
      errorThreshold: 0.5,
      cpuMsPerSec: 2000,
    });
  });

  it('C_gauge: SymmetryAllocator gives a quorum that is never a minority', () => {
    const allocator = new SymmetryAllocator();
    assert.deepEqual(
      [0, 0.2, 0.5, 0.7, 1].map((cGauge) => allocator.allocate(cGauge, workload).quorum),
      [3, 3, 3, 4, 5],
    );
  });

  it('C_ptr: PointerAllocator gives what may be held at once', () => {
    const { concurrency, memoryMiB } = new PointerAllocator().allocate(0.75, workload);
    assert.deepEqual([concurrency, memoryMiB], [18, 750]);
  });

  it('C_obs: ObserverAllocator gives metrics, log lines and traces', () => {
    assert.deepEqual(new ObserverAllocator().allocate(0.3, workload), {
      traceSamplingPercent: 30,
      accessLogLinesPerSec: 300,
      seriesPerTenant: 3000,
    });
  });
});
