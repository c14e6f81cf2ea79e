import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { step } from '../../../core/kernel/step.ts';
import { HostResources } from '../../../ext-authz/reporter/host-resources.ts';
import { Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { startBurners } from '../../support/burn-cpu.ts';
import { counters, frame, meshConfig } from '../../support/mesh-fixtures.ts';

const MESH = meshConfig({
  services: { checkout: {}, payment: {} },
  workloads: { web: {}, checkout: {} },
  budgets: { web: { checkout: {} }, checkout: { payment: {} } },
});
const TICK_MS = 1000;

describe('the substrate at both doors', () => {
  let api: ApiFixture;
  let sec = 0;

  beforeEach(async () => {
    api = await startApi();
    sec = 0;
    step(api.kernel, { kind: 'config', config: MESH });
  });
  afterEach(() => api.stop());

  /** One tick with a frame as it comes off the wire. */
  function tick(resources?: Frame['resources']): void {
    sec++;
    const edges = [
      counters('web', 'checkout', { attempts: 100 * sec }),
      counters('checkout', 'payment', { attempts: 200 * sec }),
    ];
    const sent = Frame.encode({ ...frame(sec, edges), resources } as Frame).finish();
    step(api.kernel, { kind: 'frame', frame: Frame.decode(sent), nowMs: TICK_MS * sec });
    step(api.kernel, { kind: 'tick', nowMs: TICK_MS * sec, wallMs: TICK_MS * sec });
  }

  it('tells services, hosts, who calls whom, and the spectrum, all by name', async () => {
    const resources = { cpuRatio: 0.25, memoryUsedBytes: 3, memoryTotalBytes: 8, networkBytes: 5, diskBytes: 7 };
    for (let i = 0; i < 12; i++) tick(resources);
    const substrate = await grpcCall(api.admin, api.admin.getSubstrate, {});
    assert.equal(substrate.mesh, 'shop');
    assert.deepEqual(substrate.resourceMetrics, [{ node: 'node-1', resources }]);
    assert.deepEqual(
      substrate.serviceMetrics.map(({ service, samples }) => [service, samples.at(-1)?.loadRps]),
      [
        ['checkout', 100],
        ['payment', 200],
      ],
    );
    assert.deepEqual(substrate.correlator, [
      { caller: 'checkout', cells: [{ callee: 'payment', observedRps: 200, expectedRps: 200 }] },
      { caller: 'web', cells: [{ callee: 'checkout', observedRps: 100, expectedRps: undefined }] },
    ]);
    const { lambda1, lambdaMax, dimensionReason, blastRadius, zeroMultiplicity } =
      substrate.eigenvalueSpectrum ?? assert.fail('no spectrum');
    assert.ok(Math.abs((lambda1 ?? 0) - 1) < 1e-9 && Math.abs((lambdaMax ?? 0) - 2) < 1e-9, 'a path of three');
    assert.deepEqual([zeroMultiplicity, dimensionReason, blastRadius], [1, 'window_too_short', ['web']]);
    const rest = await api.rest('GET', '/v1/substrate');
    assert.equal(rest.status, 200);
    assert.deepEqual(rest.body.eigenvalueSpectrum.blastRadius, ['web']);
    assert.equal(rest.body.correlator[1].cells[0].observedRps, 100);
    assert.ok(!Number.isNaN(Date.parse(rest.body.timestamp)));
  });

  it('is for operators only', async () => {
    const refused = grpcCall(api.admin, api.admin.getSubstrate, {}, 'wrong');
    await assert.rejects(refused, (error: { code?: number }) => error.code === status.UNAUTHENTICATED);
    assert.equal((await api.rest('GET', '/v1/substrate', { token: null })).status, 401);
  });

  it('shows within three ticks that the host has work to do', async () => {
    const host = new HostResources();
    const cpuRatio = async (): Promise<number> => {
      tick(await host.sample());
      const { resourceMetrics } = await grpcCall(api.admin, api.admin.getSubstrate, {});
      return resourceMetrics[0]?.resources?.cpuRatio ?? Number.NaN;
    };
    const oneTick = () => new Promise((resolve) => setTimeout(resolve, TICK_MS));
    await cpuRatio();
    await oneTick();
    const before = await cpuRatio();
    const burners = await startBurners();
    try {
      let seen = before;
      for (let ticks = 0; ticks < 3 && !(seen > (1 + before) / 2); ticks++) {
        await oneTick();
        seen = await cpuRatio();
      }
      assert.ok(seen > (1 + before) / 2 || seen > 0.95, `CPU at ${before} before and ${seen} under load`);
    } finally {
      await burners.stop();
    }
  });
});
