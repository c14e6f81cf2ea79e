import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import type { Budget, Mesh, Service, Workload } from '../../proto/gen/capmesh/v1/mesh.ts';
import type { AdminHandlers } from './admin-handlers.ts';
import { ApiError } from './api-error.ts';
import type { RestCall } from './rest-call.ts';
import { fieldParameters, IF_MATCH } from './rest-parameters.ts';
import { etag, messageAnswer, type RestReply, type RestRoute, revisedAnswer } from './rest-route.ts';

const OPERATOR = { tag: 'mesh', credential: 'admin' } as const;

/** The mesh and its parts, for operators. */
export const meshRoutes = (admin: AdminHandlers): RestRoute[] => [
  {
    ...OPERATOR,
    method: 'GET',
    path: '/v1/mesh',
    operationId: 'getMesh',
    summary: 'The stored mesh, with the revision of each object',
    answers: { 200: revisedAnswer('The mesh.', 'capmesh.v1.Mesh') },
    handle: () => ({ headers: etag(admin.revision), value: admin.getMesh() }),
  },
  {
    ...OPERATOR,
    method: 'PUT',
    path: '/v1/mesh',
    operationId: 'applyMesh',
    summary: 'Check a mesh file and store it, all or nothing',
    parameters: { query: fieldParameters('capmesh.v1.ApplyRequest', 'dryRun', 'prune', 'strict') },
    body: { kind: 'mesh-file' },
    answers: {
      200: revisedAnswer('Stored, or would be.', 'capmesh.v1.ApplyResponse'),
      400: messageAnswer('The mesh has mistakes.', 'capmesh.v1.ApplyResponse'),
      409: messageAnswer('Somebody else edited these objects.', 'capmesh.v1.ApplyResponse'),
    },
    handle: (call) => apply(admin, call),
  },
  ...budgetRoutes(admin),
  ...namedRoutes(admin, 'service'),
  ...namedRoutes(admin, 'workload'),
];

async function apply(admin: AdminHandlers, call: RestCall): Promise<RestReply> {
  const answer = await admin.apply({
    mesh: meshToMessage(call.body<MeshConfig>()),
    dryRun: call.flag('dryRun'),
    prune: call.flag('prune'),
    strict: call.flag('strict'),
  });
  const status = answer.problems.length > 0 ? 400 : answer.conflicts.length > 0 ? 409 : 200;
  return { status, value: answer, ...(status === 200 && { headers: etag(answer.revision) }) };
}

function budgetRoutes(admin: AdminHandlers): RestRoute[] {
  const path = '/v1/budgets/{workload}/{service}';
  const edge = fieldParameters('capmesh.v1.DeleteBudgetRequest', 'workload', 'service');
  return [
    {
      ...OPERATOR,
      method: 'GET',
      path: '/v1/budgets',
      operationId: 'listBudgets',
      summary: 'All budgets',
      answers: { 200: messageAnswer('All budgets.', 'capmesh.v1.Mesh', ['budgets']) },
      handle: () => ({ value: admin.getMesh() }),
    },
    {
      ...OPERATOR,
      method: 'GET',
      path,
      operationId: 'getBudget',
      summary: 'One budget',
      parameters: { path: edge },
      answers: { 200: revisedAnswer('The budget.', 'capmesh.v1.Budget') },
      refuses: ['not-found'],
      handle: (call) => {
        const [workload, service] = [call.text('workload'), call.text('service')];
        const found = admin.getMesh().budgets.find((each) => each.workload === workload && each.service === service);
        return storedObject(found, `budgets.${workload}.${service}`);
      },
    },
    {
      ...OPERATOR,
      method: 'PUT',
      path,
      operationId: 'setBudget',
      summary: 'Set one budget, in force on every Envoy within milliseconds',
      parameters: { path: edge, query: fieldParameters('capmesh.v1.SetBudgetRequest', 'merge'), header: IF_MATCH },
      body: { kind: 'message', type: 'capmesh.v1.Budget', fromPath: ['workload', 'service'] },
      answers: {
        200: revisedAnswer('Stored.', 'capmesh.v1.SetBudgetResponse'),
        400: messageAnswer('The mesh would have mistakes.', 'capmesh.v1.SetBudgetResponse'),
        409: messageAnswer('Somebody else edited it.', 'capmesh.v1.SetBudgetResponse'),
      },
      handle: (call) => setBudget(admin, call),
    },
    {
      ...OPERATOR,
      method: 'DELETE',
      path,
      operationId: 'deleteBudget',
      summary: 'Delete one budget: its workload may not call the service any more',
      parameters: { path: edge, header: IF_MATCH },
      ...DELETION,
      handle: async (call) =>
        deleted(
          await admin.deleteBudget({
            workload: call.text('workload'),
            service: call.text('service'),
            expectedRevision: call.number('if-match'),
          }),
        ),
    },
  ];
}

async function setBudget(admin: AdminHandlers, call: RestCall): Promise<RestReply> {
  const answer = await admin.setBudget({
    budget: call.body<Budget>(),
    merge: call.flag('merge'),
    expectedRevision: call.number('if-match'),
  });
  const status = answer.conflict !== undefined ? 409 : answer.problems.length > 0 ? 400 : 200;
  return { status, value: answer, ...(answer.budget !== undefined && { headers: etag(answer.budget.revision) }) };
}

function namedRoutes(admin: AdminHandlers, kind: 'service' | 'workload'): RestRoute[] {
  const list = `${kind}s` as const;
  const title = kind === 'service' ? 'Service' : 'Workload';
  const path = `/v1/${list}/{name}`;
  const name = fieldParameters('capmesh.v1.DeleteRequest', 'name');
  return [
    {
      ...OPERATOR,
      method: 'GET',
      path: `/v1/${list}`,
      operationId: `list${title}s`,
      summary: `All ${list}`,
      answers: { 200: messageAnswer(`All ${list}.`, 'capmesh.v1.Mesh', [list]) },
      handle: () => ({ value: admin.getMesh() }),
    },
    {
      ...OPERATOR,
      method: 'GET',
      path,
      operationId: `get${title}`,
      summary: `One ${kind}`,
      parameters: { path: name },
      answers: { 200: revisedAnswer(`The ${kind}.`, `capmesh.v1.${title}`) },
      refuses: ['not-found'],
      handle: (call) => {
        const objects: readonly (Service | Workload)[] = admin.getMesh()[list];
        const found = objects.find((object) => object.name === call.text('name'));
        return storedObject(found, `${list}.${call.text('name')}`);
      },
    },
    {
      ...OPERATOR,
      method: 'DELETE',
      path,
      operationId: `delete${title}`,
      summary: `Delete one ${kind} that no budget refers to`,
      parameters: { path: name, header: IF_MATCH },
      ...DELETION,
      handle: async (call) => {
        const deletion = { name: call.text('name'), expectedRevision: call.number('if-match') };
        return deleted(await (kind === 'service' ? admin.deleteService(deletion) : admin.deleteWorkload(deletion)));
      },
    },
  ];
}

const DELETION = {
  answers: {
    200: messageAnswer('Deleted.', 'capmesh.v1.DeleteResponse'),
    400: messageAnswer('Other objects still refer to it.', 'capmesh.v1.DeleteResponse'),
    409: messageAnswer('Somebody else edited it.', 'capmesh.v1.DeleteResponse'),
  },
  refuses: ['not-found'],
} as const;

function deleted(answer: Awaited<ReturnType<AdminHandlers['deleteService']>>): RestReply {
  return { status: answer.conflict !== undefined ? 409 : answer.problems.length > 0 ? 400 : 200, value: answer };
}

function storedObject(object: Mesh['services'][number] | Workload | Budget | undefined, path: string): RestReply {
  if (object === undefined) throw new ApiError('not-found', `${path} does not exist`);
  return { headers: etag(object.revision), value: object };
}
