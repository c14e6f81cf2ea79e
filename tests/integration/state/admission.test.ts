import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import type { ControlPlane } from '../../../control-plane/main.ts';
import { createLogger } from '../../../platform/logger.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import { type AdminClient, ApplyRequest, WhatIfRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { type CapacityClient, RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { RECORDED_MESH, recordFrames } from '../../support/recorded-frames.ts';
import { type StartedPlane, startPlane } from '../../support/start-plane.ts';

const HOST = '127.0.0.1';

describe('admission and scale on a real control plane', () => {
  const clock = manualClock(1_800_000_000_000);
  let nats: NatsFixture;
  let sidecar: NatsConnection;
  let started: StartedPlane;
  let plane: ControlPlane;
  let admin: AdminClient;
  let capacity: CapacityClient;
  const frames = recordFrames();
  let sent = 0;

  /** Sends one frame a second of the clock, each when the tick on the one before is over. */
  const playTo = async (untilSec: number): Promise<void> => {
    for (; sent < untilSec; sent++) {
      const ticked = plane.kernel()?.nextTick();
      clock.advance(1000);
      const frame = Frame.encode(Frame.fromPartial(frames[sent] as object)).finish();
      sidecar.publish('capmesh.v1.frames.shop.node-1', frame);
      await ticked;
    }
  };
  const ask = (cInt: number, secret: string) =>
    grpcCall(
      capacity,
      capacity.requestCapacity,
      RequestCapacityRequest.fromPartial({ workloadId: 'audit', capacityVector: { cInt } }),
      secret,
    );

  before(async () => {
    nats = await startNats('shop', ['node-1']);
    started = await startPlane(nats, { clock, logger: createLogger('test-control-plane') });
    ({ plane, admin, capacity } = started);
    sidecar = await nats.connect('node-1');
    const applied = await grpcCall(
      admin,
      admin.apply,
      ApplyRequest.fromPartial({ mesh: meshToMessage(RECORDED_MESH) }),
    );
    deepEqual([applied.problems, applied.applied], [[], true]);
  });
  after(async () => {
    await started?.stop();
    await sidecar?.close();
    await nats?.stop();
  });

  it('predicts the gates of a grant from what was measured, and refuses what comes too close', async () => {
    const { secret } = await grpcCall(admin, admin.enrol, { workload: 'audit' });
    const fresh = await ask(0.1, secret);
    deepEqual([fresh.admitted, fresh.conditional], [true, true], 'nothing is known yet');
    await playTo(60);
    const [inventory] = (await grpcCall(admin, admin.whatIf, WhatIfRequest.fromPartial({ workload: 'audit' })))
      .services;
    ok(inventory && Math.abs(inventory.nowRps - 120) < 12, `${inventory?.nowRps}`);
    // It makes 60 calls/s and is guaranteed 200: 140 more.
    ok(inventory.thenRps > 240 && inventory.thenRps < 275, `${inventory.thenRps}`);
    const admitted = await ask(0.3, secret);
    deepEqual([admitted.admitted, admitted.conditional], [true, false], admitted.message);
  });

  it('judges a minute later what it predicted, and says so in status and metrics', async () => {
    await playTo(121);
    const { admission } = await grpcCall(admin, admin.getStatus, {});
    deepEqual([admission?.clean, admission?.falsified, admission?.pending], [2, 0, 0]);
    const metrics = await (await fetch(`http://${HOST}:${plane.restPort}/metrics`)).text();
    match(metrics, /^capmesh_admission_outcomes\{outcome="clean"\} 2$/m);
  });

  it('asks for scale when a service was held back for a minute', async () => {
    await playTo(148);
    const kinds = async () => (await grpcCall(admin, admin.getStatus, {})).actions.map(({ kind }) => kind);
    equal((await kinds()).includes('request-scale'), false);
    await playTo(158);
    const { actions } = await grpcCall(admin, admin.getStatus, {});
    const asked = actions.find(({ kind }) => kind === 'request-scale');
    deepEqual([asked?.horizon, asked?.target, asked?.shadow], ['long-term', 'payment', false]);
    ok(asked && asked.size >= 2.5 && asked.size <= 3.5, `${asked?.size}`);
    const { requests } = await grpcCall(admin, admin.getScale, {});
    deepEqual(
      requests.map(({ service, recommendedFactor, since }) => [service, recommendedFactor, since]),
      [['payment', asked.size, asked.startedAt]],
    );
    ok(requests[0] && requests[0].refusedRps > 100, `${requests[0]?.refusedRps}`);
  });
});
