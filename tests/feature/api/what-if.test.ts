import { deepEqual, equal } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { admissionScene, edgeScene, poolScene } from '../../support/admission-scenes.ts';
import { type ApiFixture, startApi } from '../../support/api-fixture.ts';
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
});
