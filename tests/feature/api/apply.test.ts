import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import { ApplyRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import type { Mesh } from '../../../proto/gen/capmesh/v1/mesh.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const parsed = parseMeshFile(WORKED_EXAMPLE);
const shop: Mesh = parsed.ok ? meshToMessage(parsed.value) : ({} as Mesh);
const apply = (mesh: Mesh, flags: { dryRun?: boolean; prune?: boolean } = {}) =>
  ApplyRequest.fromPartial({ mesh, ...flags });

describe('apply over both doors', () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api?.stop());

  it('refuses a wrong or missing admin token at both doors and stores nothing', async () => {
    for (const token of [null, 'wrong', `${'x'.repeat(200)}`]) {
      await rejects(grpcCall(api.admin, api.admin.apply, apply(shop), token), { code: status.UNAUTHENTICATED });
      const answer = await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE, token });
      equal(answer.status, 401);
      match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
    equal(api.config.commits, 0);
  });

  it('a dry run tells what would change and stores nothing', async () => {
    const answer = await grpcCall(api.admin, api.admin.apply, apply(shop, { dryRun: true }));
    equal(answer.applied, false);
    equal(answer.changed.length, 8);
    equal(api.config.commits, 0);
    const rest = await api.rest('PUT', '/v1/mesh?dryRun', { body: WORKED_EXAMPLE });
    deepEqual([rest.status, rest.body.applied, rest.body.changed.length], [200, false, 8]);
    equal(api.config.commits, 0);
  });

  it('names all mistakes at once with their paths and stores nothing', async () => {
    const bad = structuredClone(shop);
    bad.name = 'market';
    bad.services[0] = { ...bad.services[0], endpoints: ['nowhere'] } as Mesh['services'][number];
    bad.budgets.push({
      workload: 'ghost',
      service: 'payment',
      vector: undefined,
      rps: undefined,
      parallel: undefined,
      revision: 0,
    });
    bad.budgets.push({
      workload: 'batch',
      service: 'nothing',
      vector: undefined,
      rps: undefined,
      parallel: undefined,
      revision: 0,
    });
    const answer = await grpcCall(api.admin, api.admin.apply, apply(bad));
    equal(answer.applied, false);
    deepEqual(answer.problems.map(({ path }) => path).sort(), [
      'budgets.batch.nothing',
      'budgets.ghost',
      'mesh',
      'services.payment.endpoints[0]',
    ]);
    const rest = await api.rest('PUT', '/v1/mesh', {
      body: 'mesh: shop\nservices: {a: {endpoints: []}}\nbudgets: {b: {c: {int: 2}}}\n',
    });
    equal(rest.status, 400);
    ok(rest.body.problems.length >= 2, JSON.stringify(rest.body));
    equal(api.config.commits, 0);
  });

  it('refuses a number that is none, inside nested messages', async () => {
    const bad = structuredClone(shop);
    bad.budgets[0] = { ...bad.budgets[0], vector: { cInt: Number.NaN } } as unknown as Mesh['budgets'][number];
    const answer = await grpcCall(api.admin, api.admin.apply, apply(bad));
    equal(answer.applied, false);
    ok(answer.problems.length > 0);
    equal(api.config.commits, 0);
  });

  it('stores a good mesh whole, names the paths changed and who is not enrolled', async () => {
    const answer = await grpcCall(api.admin, api.admin.apply, apply(shop));
    deepEqual(answer.problems, []);
    equal(answer.applied, true);
    deepEqual(answer.changed.sort(), [
      'budgets.batch.inventory',
      'budgets.batch.payment',
      'budgets.checkout.inventory',
      'budgets.checkout.payment',
      'services.inventory',
      'services.payment',
      'workloads.batch',
      'workloads.checkout',
    ]);
    deepEqual(answer.unenrolled, ['batch', 'checkout']);
    equal(answer.revision, 8);
    equal(api.config.commits, 1);
    match(answer.warnings.map(({ path }) => path).join(), /services\.payment/);
  });

  it('applied again changes nothing', async () => {
    const answer = await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE });
    deepEqual([answer.status, answer.body.applied, answer.body.changed], [200, true, []]);
    equal(api.config.commits, 1);
  });

  it('reads back what was stored, with revisions and an ETag', async () => {
    const mesh = await grpcCall(api.admin, api.admin.getMesh, {});
    equal(mesh.budgets.find((budget) => budget.workload === 'checkout' && budget.service === 'payment')?.rps, 320);
    ok(mesh.services.every(({ revision }) => revision > 0));
    const rest = await api.rest('GET', '/v1/mesh');
    equal(rest.headers.get('etag'), '"8"');
    deepEqual(
      rest.body.services.map((service: { name: string }) => service.name),
      ['inventory', 'payment'],
    );
    deepEqual((await api.rest('GET', '/v1/services')).body.services, rest.body.services);
    equal((await api.rest('GET', '/v1/workloads/checkout')).body.prio, 7);
    equal((await api.rest('GET', '/v1/workloads/nobody')).status, 404);
  });

  it('keeps what an apply does not name, unless it prunes', async () => {
    const part = {
      ...shop,
      services: shop.services.filter(({ name }) => name === 'payment'),
      workloads: [],
      budgets: [],
    };
    const kept = await grpcCall(api.admin, api.admin.apply, apply(part, { dryRun: true }));
    deepEqual(kept.changed, []);
    const pruned = await grpcCall(api.admin, api.admin.apply, apply(part, { dryRun: true, prune: true }));
    equal(pruned.changed.length, 7);
  });

  it('refuses an apply that was read before somebody else wrote, with both revisions', async () => {
    const mesh = await grpcCall(api.admin, api.admin.getMesh, {});
    const before = mesh.budgets.find(({ workload }) => workload === 'batch')?.revision ?? 0;
    const other = await api.rest('PUT', '/v1/budgets/batch/inventory', { body: { vector: { cInt: 0.25 } } });
    equal(other.status, 200);
    const answer = await grpcCall(api.admin, api.admin.apply, apply(mesh));
    equal(answer.applied, false);
    deepEqual(answer.conflicts, [
      { path: 'budgets.batch.inventory', expectedRevision: before, actualRevision: other.body.budget.revision },
    ]);
  });

  it('makes an edit again when another replica was faster', async () => {
    api.config.beforeCommit = () => {
      api.config.beforeCommit = () => {};
      api.config.write([{ key: 'workload.late', value: { name: 'late', tenant: 'late', prio: 5, weight: 1 } }]);
    };
    const answer = await api.rest('PUT', '/v1/budgets/batch/inventory', { body: { vector: { cInt: 0.3 } } });
    equal(answer.status, 200);
    ok(api.config.view.config.workloads.has('late'));
    equal(api.config.view.config.budgets.get('batch/inventory')?.vector.int, 0.3);
  });

  it('stores the policy of a mesh file, and nothing of a bad one', async () => {
    const policy = { maxShedRatio: 0.3, shadow: ['uv', 'fit'] };
    const answer = await api.rest('PUT', '/v1/mesh', { body: JSON.stringify({ mesh: 'shop', policy }) });
    equal(answer.status, 200);
    deepEqual(api.config.view.config.policy, { maxShedRatio: 0.3, shadow: ['fit', 'uv'], fence: false });
    deepEqual((await api.rest('GET', '/v1/mesh')).body.policy, {
      maxShedRatio: 0.3,
      shadow: ['fit', 'uv'],
      fence: false,
    });
    const bad = await api.rest('PUT', '/v1/mesh', {
      body: JSON.stringify({ mesh: 'shop', policy: { maxShedRatio: 2, shadow: ['fitt'] } }),
    });
    deepEqual(bad.body.problems.map(({ path }: { path: string }) => path).sort(), [
      'policy.maxShedRatio',
      'policy.shadow[0]',
    ]);
    deepEqual(api.config.view.config.policy.shadow, ['fit', 'uv']);
  });

  it('deletes only what nothing refers to', async () => {
    const used = await api.rest('DELETE', '/v1/services/payment');
    equal(used.status, 400);
    deepEqual(used.body.problems.map((problem: { path: string }) => problem.path).sort(), [
      'budgets.batch.payment',
      'budgets.checkout.payment',
    ]);
    for (const workload of ['batch', 'checkout']) {
      equal((await api.rest('DELETE', `/v1/budgets/${workload}/payment`)).body.deleted, true);
    }
    equal((await api.rest('DELETE', '/v1/services/payment')).body.deleted, true);
    equal((await api.rest('DELETE', '/v1/services/payment')).status, 404);
    await rejects(grpcCall(api.admin, api.admin.deleteService, { name: 'payment', expectedRevision: 0 }), {
      code: status.NOT_FOUND,
    });
    await rejects(grpcCall(api.admin, api.admin.deleteService, { name: 'No Name', expectedRevision: 0 }), {
      code: status.INVALID_ARGUMENT,
    });
  });
});
