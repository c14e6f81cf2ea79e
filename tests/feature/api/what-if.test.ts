import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { WhatIfRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { admissionScene, edgeScene, poolScene } from '../../support/admission-scenes.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { KernelStory } from '../../support/kernel-story.ts';
import { SimulatedService } from '../../support/simulated-service.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const BUSY = admissionScene([
  poolScene('payment', {}, [edgeScene('payment'), edgeScene('payment', { workload: 'batch', loadRps: 290 })]),
]);

describe('what-if at the doors (MATHS §B7)', () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
    equal((await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE })).status, 200);
  });
  after(() => api?.stop());

  it('refuses what would bring a gate too close, and tells what would be admitted and when to ask again', async () => {
    api.scene = BUSY;
    const { secret } = (await api.rest('POST', '/v1/workloads/checkout/enrol')).body;
    const ask = (cInt: number) =>
      api.rest('POST', '/v1/capacity', {
        body: { workloadId: 'checkout', capacityVector: { cInt } },
        token: secret,
      });
    const { body, headers } = await ask(0.9);
    deepEqual([body.admitted, body.gatesFailed, body.bindingAxes], [false, ['fit', 'isolation'], ['int']]);
    equal(headers.get('retry-after'), '5');
    const less = await ask(body.available.cInt);
    deepEqual([less.body.admitted, less.body.conditional ?? false], [true, false]);
    deepEqual(
      api.noted.map(({ admitted, services }) => [admitted, services.map(({ service }) => service)]),
      [
        [false, ['payment']],
        [true, ['payment']],
      ],
    );
    equal(api.noted[1]?.id, less.body.grantId);
  });

  it('tells an operator what a grant would do, without granting anything', async () => {
    api.scene = BUSY;
    const asked = WhatIfRequest.fromPartial({ workload: 'batch', capacityVector: { cInt: 0.2 } });
    const grants = JSON.stringify(api.ledger.account('batch'));
    const answer = await grpcCall(api.admin, api.admin.whatIf, asked);
    const [payment] = answer.services;
    deepEqual([answer.admitted, payment?.service, payment?.nowRps], [true, 'payment', 290]);
    const rest = await api.rest('POST', '/v1/what-if/checkout', { body: { cInt: 0.6 } });
    deepEqual([rest.body.admitted ?? false, rest.body.gatesFailed], [false, ['fit', 'isolation']]);
    // 0.6 of 266.667 guaranteed calls/s.
    equal(Math.round(rest.body.services[0].thenRps), 450);
    equal(JSON.stringify(api.ledger.account('batch')), grants);
    equal((await api.rest('POST', '/v1/what-if/ghost', { body: {} })).status, 404);
    equal((await api.rest('POST', '/v1/what-if/checkout', { body: { cInt: 2 } })).status, 400);
    equal((await api.rest('POST', '/v1/what-if/checkout', { body: {}, token: null })).status, 401);
  });
});

/** Two callers of a service that can answer 400 calls/s, 100 calls/s each. */
const meshFile = (checkoutInt: number, rps = 400): string => `
mesh: shop
services:
  payment: { endpoints: ["127.0.0.1:9101"], capacity: { rps: ${rps} } }
workloads:
  checkout: { tenant: shop }
  batch: { tenant: reports }
budgets:
  checkout: { payment: { int: ${checkoutInt} } }
  batch: { payment: { int: 0.3 } }
`;

describe('what-if of an edit', () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
    equal((await api.rest('PUT', '/v1/mesh', { body: meshFile(0.3) })).status, 200);
    const service = new SimulatedService({
      service: 'payment',
      workloads: ['checkout', 'batch'],
      workers: 8,
      meanServiceMs: 20,
      timeoutMs: 1000,
      seed: 3,
    });
    for (const workload of ['checkout', 'batch']) service.setRate(workload, 100);
    const story = new KernelStory(api.config.view.config, service);
    story.runTo(60);
    equal(story.view().services[0]?.gates.fit.status, 'PASS');
    api.kernel = story.kernel;
  });
  after(() => api?.stop());

  it('shows each gate now and then', async () => {
    const { body } = await api.rest('PUT', '/v1/what-if/mesh', { body: meshFile(0.9) });
    deepEqual([body.admitted ?? false, body.gatesFailed], [false, ['isolation']]);
    const [payment] = body.services;
    // Guaranteed 120 now and 280 then, and batch 120: 160 calls/s more.
    equal(Math.round(payment.thenRps - payment.nowRps), 160);
    const [fit, , , isolation] = payment.gates;
    equal(fit.now.ratio < 0.5 && fit.ratio > 0.5 && fit.ratio < 0.9, true, `${fit.now.ratio}, then ${fit.ratio}`);
    equal(isolation.now.ratio < 0.5 && isolation.ratio > 0.9, true, `${isolation.now.ratio}, then ${isolation.ratio}`);
    const more = await api.rest('PUT', '/v1/what-if/mesh', { body: meshFile(0.4) });
    deepEqual([more.body.admitted, more.body.gatesFailed], [true, []]);
    const bigger = await api.rest('PUT', '/v1/what-if/mesh', { body: meshFile(0.3, 4000) });
    equal(bigger.body.admitted, true);
  });

  it('apply warns of a gate that would come too close, and --strict refuses it', async () => {
    const strict = await api.rest('PUT', '/v1/mesh?strict', { body: meshFile(0.9) });
    equal(strict.status, 400);
    match(strict.body.problems[0].message, /^(fit|isolation) would come to \d+\.\d+ of its threshold \(now /);
    equal(api.config.view.config.budgets.get('checkout/payment')?.vector.int, 0.3);
    const { status, body } = await api.rest('PUT', '/v1/mesh?dryRun', { body: meshFile(0.9) });
    equal(status, 200);
    equal(body.warnings.filter(({ message }: { message: string }) => /would come to/.test(message)).length > 0, true);
    const budget = await api.rest('PUT', '/v1/budgets/checkout/payment', { body: { vector: { cInt: 0.9 } } });
    equal(
      budget.body.warnings.filter(({ message }: { message: string }) => /would come to/.test(message)).length > 0,
      true,
    );
    const back = await api.rest('PUT', '/v1/mesh?strict', { body: meshFile(0.3) });
    equal(back.status, 200, 'less is never too much');
  });

  it('asks either about a mesh or about a workload', async () => {
    await rejects(grpcCall(api.admin, api.admin.whatIf, WhatIfRequest.create({})), { code: status.INVALID_ARGUMENT });
    const wrong = await api.rest('PUT', '/v1/what-if/mesh', { body: meshFile(1.5) });
    equal(wrong.status, 400);
  });
});
