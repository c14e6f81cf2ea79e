import { deepEqual, equal, match } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { SetBudgetRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const PATH = '/v1/budgets/checkout/payment';

describe('one budget over both doors', () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
    equal((await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE })).status, 200);
  });
  after(() => api?.stop());

  it('two edits based on one revision: the second is refused with both revisions, whichever the door', async () => {
    const { headers } = await api.rest('GET', PATH);
    const etag = headers.get('etag') ?? '';
    const revision = Number(etag.replaceAll('"', ''));
    const first = await api.rest('PUT', PATH, { body: { vector: { cInt: 0.7 } }, headers: { 'if-match': etag } });
    equal(first.status, 200);
    const second = await api.rest('PUT', PATH, { body: { vector: { cInt: 0.6 } }, headers: { 'if-match': etag } });
    equal(second.status, 409);
    deepEqual(second.body.conflict, {
      path: 'budgets.checkout.payment',
      expectedRevision: revision,
      actualRevision: first.body.budget.revision,
    });
    const third = await grpcCall(
      api.admin,
      api.admin.setBudget,
      SetBudgetRequest.fromPartial({
        budget: { workload: 'checkout', service: 'payment', vector: { cInt: 0.5 } },
        expectedRevision: revision,
      }),
    );
    deepEqual([third.applied, third.conflict?.actualRevision], [false, first.body.budget.revision]);
    equal(api.config.view.config.budgets.get('checkout/payment')?.vector.int, 0.7);
  });

  it('merge keeps the other axes, set replaces them', async () => {
    await api.rest('PUT', PATH, { body: { vector: { cInt: 0.8, cPtr: 0.75 } } });
    const merged = await api.rest('PUT', `${PATH}?merge=true`, { body: { vector: { cInt: 0.4 } } });
    deepEqual([merged.body.budget.vector, merged.body.budget.rps], [{ cInt: 0.4, cPtr: 0.75 }, 160]);
    const set = await api.rest('PUT', PATH, { body: { rps: 200 } });
    deepEqual(set.body.budget.vector, { cInt: 0.5 });
  });

  it('names every mistake in a body', async () => {
    const answer = await api.rest('PUT', PATH, { body: { vector: { cInt: 'half', cptr: 1 }, rpms: 3 } });
    equal(answer.status, 400);
    deepEqual(
      answer.body.problems.map((problem: { path: string }) => problem.path),
      ['vector.cInt', 'vector.cptr', 'rpms'],
    );
    const range = await api.rest('PUT', PATH, { body: { vector: { cInt: 1.5, cGeo: -1 } } });
    deepEqual([range.status, range.body.problems.length], [400, 2]);
    const json = { 'content-type': 'application/json' };
    equal((await api.rest('PUT', PATH, { body: '{broken', headers: json })).status, 400);
    equal((await api.rest('PUT', PATH, { body: {}, headers: { 'if-match': 'latest' } })).status, 400);
    equal((await api.rest('PUT', '/v1/budgets/ghost/payment', { body: { vector: { cInt: 0.1 } } })).status, 400);
  });

  it('explains an edge step by step and says why there is none', async () => {
    const answer = await api.rest('GET', '/v1/explain/batch/payment');
    equal(answer.status, 200);
    match(JSON.stringify(answer.body.steps), /guarantee/);
    equal((await api.rest('GET', '/v1/explain/batch/nothing')).status, 404);
  });
});
