import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { KernelLoop } from '../../../control-plane/loop/kernel-loop.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import { ApplyRequest, WhatIfRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { quietLogger } from '../../support/quiet-logger.ts';
import { RECORDED_MESH, recordFrames } from '../../support/recorded-frames.ts';

describe('admission and scale, from the frames of a node to the doors', () => {
  const messages: string[] = [];
  let api: ApiFixture;
  let loop: KernelLoop;
  let playTo: (untilSec: number) => void;

  before(async () => {
    api = await startApi();
    const mesh = meshToMessage(RECORDED_MESH);
    const applied = await grpcCall(api.admin, api.admin.apply, ApplyRequest.fromPartial({ mesh }));
    deepEqual([applied.problems, applied.applied], [[], true]);
    loop = new KernelLoop({
      clock: api.clock,
      logger: quietLogger,
      run: (effect) => {
        if (effect.kind === 'emit-event') messages.push(effect.event.message);
      },
    });
    loop.setConfig(api.config.view.config, 1);
    loop.start();
    api.loop = loop;
    const frames = recordFrames();
    playTo = (untilSec) => {
      for (const frame of frames.slice(loop.ticks, untilSec)) {
        api.clock.advance(1000);
        loop.acceptFrame(frame);
      }
      equal(loop.ticks, untilSec, 'a tick on every frame');
    };
  });
  after(() => {
    loop?.stop();
    return api?.stop();
  });

  it('predicts the gates of a grant from what was measured', async () => {
    const { secret } = await grpcCall(api.admin, api.admin.enrol, { workload: 'audit' });
    const ask = (cInt: number) => {
      const request = RequestCapacityRequest.fromPartial({ workloadId: 'audit', capacityVector: { cInt } });
      return grpcCall(api.capacity, api.capacity.requestCapacity, request, secret);
    };
    const fresh = await ask(0.1);
    deepEqual([fresh.admitted, fresh.conditional], [true, true], 'nothing is known yet');
    playTo(60);
    const foreseen = await grpcCall(api.admin, api.admin.whatIf, WhatIfRequest.fromPartial({ workload: 'audit' }));
    const [inventory] = foreseen.services;
    ok(inventory && Math.abs(inventory.nowRps - 120) < 12, `${inventory?.nowRps}`);
    // It makes 60 calls/s and is guaranteed 200: 140 more.
    ok(Math.abs(inventory.thenRps - inventory.nowRps - 140) < 10, `${inventory.thenRps}`);
    const admitted = await ask(0.3);
    deepEqual([admitted.admitted, admitted.conditional], [true, false], admitted.message);
  });

  it('judges a minute later what it predicted', async () => {
    playTo(121);
    const { admission } = await grpcCall(api.admin, api.admin.getStatus, {});
    deepEqual([admission?.clean, admission?.falsified, admission?.pending], [2, 0, 0]);
    const [newest] = admission?.latest ?? [];
    deepEqual(
      [admission?.latest.length, newest?.kind, newest?.workload, newest?.ratioMax],
      [2, 'clean', 'audit', api.noted.at(-1)?.ratioMax ?? undefined],
    );
    ok(newest && newest.ageSec >= 60 && newest.ageSec < 70, `${newest?.ageSec} s`);
  });

  it('asks for scale where a service was held back for a minute, not before', async () => {
    playTo(149);
    const asked = async () =>
      (await grpcCall(api.admin, api.admin.getStatus, {})).actions.find(({ kind }) => kind === 'request-scale');
    equal(await asked(), undefined);
    playTo(158);
    const action = await asked();
    deepEqual([action?.horizon, action?.target, action?.shadow], ['long-term', 'payment', false]);
    ok(action && action.size >= 2.5 && action.size <= 3.5, `${action?.size}`);
    const told = `payment: request-scale started, ${action.size} times its capacity asked for`;
    ok(messages.some((message) => message.startsWith(told)));
  });

  it('tells an autoscaler that polls: who, how much is refused of what, and how much more it takes', async () => {
    const { status, body } = await api.rest('GET', '/v1/scale');
    equal(status, 200);
    const [request] = body.requests;
    deepEqual([body.requests.length, request.service], [1, 'payment']);
    // 1000 calls/s of about 400 are asked for.
    ok(request.refusedRps > 400 && request.refusedRps < 700, `${request.refusedRps}`);
    ok(request.currentCapacityRps > 300 && request.currentCapacityRps < 500, `${request.currentCapacityRps}`);
    ok(request.recommendedFactor >= 2.5 && request.recommendedFactor <= 3.5, `${request.recommendedFactor}`);
    match(request.reason, /^fit u [\d.]+ \(threshold 1\)/);
    const { actions } = await grpcCall(api.admin, api.admin.getStatus, {});
    const since = actions.find(({ kind }) => kind === 'request-scale')?.startedAt;
    deepEqual(await grpcCall(api.admin, api.admin.getScale, {}), { requests: [{ ...request, since }] });
    equal((await api.rest('GET', '/v1/scale', { token: null })).status, 401);
  });
});
