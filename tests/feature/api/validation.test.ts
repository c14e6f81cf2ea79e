import { deepEqual, equal, ok } from 'node:assert/strict';
import type { DescMethod } from '@bufbuild/protobuf';
import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { messageToJson } from '../../../platform/message-json.ts';
import { messageRegistry } from '../../../platform/message-registry.ts';
import { ADMIN_TOKEN, type ApiFixture, startApi } from '../../support/api-fixture.ts';
import { brokenMessages, NOT_A_NUMBER, soundMessage } from '../../support/broken-messages.ts';
import { descriptionAt, type ParameterSchema } from '../../support/described-answers.ts';

interface Told {
  readonly code: status;
  /** Paths of everything that is wrong. */
  readonly paths: readonly string[];
}

/** `mesh.budgets[0].vector.cInt` of a mesh that is all `x` in the words of the mesh file: every Apply is told in them. */
const inMeshFile = (path: string): string =>
  path
    .replace(/^mesh\.(services|workloads)\[0\]\.name$/, '$1.No Such Word!')
    .replace('mesh.budgets[0].workload', 'budgets.No Such Word!')
    .replace('mesh.budgets[0].service', 'budgets.x.No Such Word!')
    .replace('mesh.name', 'mesh')
    .replace(/^mesh\.(gates|policy|services|workloads|budgets)/, '$1')
    .replace(/^(services|workloads)\[0\]/, '$1.x')
    .replace('budgets[0]', 'budgets.x.x')
    .replace('.memoryMib', '.memoryMiB')
    .replace(/\.vector\.c([A-Z])/, (_, first: string) => `.${first.toLowerCase()}`);

interface Body {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly field: string;
  readonly inPath?: readonly string[];
}

describe('every mistake is told with its path', () => {
  let api: ApiFixture;
  let secret = '';
  before(async () => {
    api = await startApi();
    const body =
      'mesh: shop\nservices: {x: {endpoints: ["127.0.0.1:9101"]}}\nworkloads: {x: {}}\nbudgets: {x: {x: {}}}';
    equal((await api.rest('PUT', '/v1/mesh', { body })).status, 200);
    ({ secret } = (await api.rest('POST', '/v1/workloads/x/enrol')).body);
  });
  after(() => api?.stop());

  describe('over gRPC', () => {
    const methods = ['capmesh.v1.Admin', 'capmesh.v1.Capacity', 'capmesh.v1.Operations'].flatMap(
      (name) => messageRegistry().getService(name)?.methods ?? [],
    );

    for (const method of methods.filter(({ input }) => brokenMessages(input.typeName).length > 0)) {
      it(`${method.parent.name}.${method.name}: ${brokenMessages(method.input.typeName).length} mistakes`, async () => {
        const isOfWorkload = method.parent.name === 'Capacity';
        const client = { Admin: api.admin, Capacity: api.capacity, Operations: api.operations }[method.parent.name];
        if (client === undefined) throw new Error(`no client of ${method.parent.name}`);
        for (const { path, rule, make } of brokenMessages(method.input.typeName)) {
          const { code, paths } = await told(client, method, make(), isOfWorkload ? secret : ADMIN_TOKEN);
          const where = `${rule} at ${path}, told of ${paths.join()}`;
          // A name that breaks the rules is nobody's, and proves nothing.
          if (isOfWorkload && path === 'workloadId') equal(code, status.UNAUTHENTICATED);
          else if (method.name === 'Apply') ok(paths.includes(inMeshFile(path)), where);
          else deepEqual([code === status.OK || code === status.INVALID_ARGUMENT, paths], [true, [path]], where);
        }
      });
    }

    it('tells as many of a thousand mistakes as a status holds, and how many there are besides', async () => {
      const whatIf = methods.find(({ name }) => name === 'WhatIf');
      ok(whatIf !== undefined);
      const wrong = { ...soundMessage('capmesh.v1.Service'), name: 'No Such Word!' };
      for (const count of [1000, 5000]) {
        const mesh = { ...soundMessage('capmesh.v1.Mesh'), services: Array.from({ length: count }, () => wrong) };
        const { code, paths } = await told(
          api.admin,
          whatIf,
          { ...soundMessage('capmesh.v1.WhatIfRequest'), mesh },
          ADMIN_TOKEN,
        );
        const [more = '', ...reversed] = paths.toReversed();
        deepEqual([code, reversed.at(-1)], [status.INVALID_ARGUMENT, 'mesh.services[0].name']);
        equal(Number(/^… and (\d+) mor$/.exec(more)?.[1]) + reversed.length, count);
      }
      const long = {
        ...soundMessage('capmesh.v1.WhatIfRequest'),
        workload: 'ж'.repeat(60),
        capacityVector: { cInt: 0.5 },
      };
      equal((await told(api.admin, whatIf, long, ADMIN_TOKEN)).code, status.NOT_FOUND);
    });

    it('leaves out none but the requests that have nothing to break', () => {
      const without = methods.filter(({ input }) => brokenMessages(input.typeName).length === 0);
      deepEqual(
        without.flatMap(({ name, input }) => (input.fields.length === 0 ? [] : [name])),
        [],
      );
    });
  });

  describe('over REST', () => {
    /** `field` takes no list. */
    const BODIES: readonly Body[] = [
      {
        method: 'PUT',
        path: '/v1/budgets/x/x',
        type: 'capmesh.v1.Budget',
        field: 'rps',
        inPath: ['workload', 'service'],
      },
      { method: 'POST', path: '/v1/what-if/x', type: 'capmesh.v1.CapacityVector', field: 'cInt' },
      { method: 'POST', path: '/v1/operations:check', type: 'capmesh.v1.CheckOperationRequest', field: 'priority' },
      {
        method: 'POST',
        path: '/v1/operations:settle',
        type: 'capmesh.v1.SettleOperationRequest',
        field: 'operationId',
      },
      { method: 'PATCH', path: '/v1/actions/control', type: 'capmesh.v1.SetActionControlRequest', field: 'resume' },
      { method: 'POST', path: '/v1/capacity', type: 'capmesh.v1.RequestCapacityRequest', field: 'duration' },
      {
        method: 'POST',
        path: '/v1/capacity/x/x/renew',
        type: 'capmesh.v1.RenewCapacityRequest',
        field: 'duration',
        inPath: ['workloadId', 'grantId'],
      },
    ];
    const tokenFor = (path: string): string => (path.startsWith('/v1/capacity') ? secret : ADMIN_TOKEN);
    const problemsOf = async (method: string, path: string, body: unknown, headers = {}) => {
      const answer = await api.rest(method, path, { body, token: tokenFor(path), headers });
      return { status: answer.status, paths: answer.body.problems?.map((problem: { path: string }) => problem.path) };
    };

    for (const { method, path, type, field, inPath = [] } of BODIES) {
      it(`${method} ${path}: what breaks a rule of ${type}`, async () => {
        for (const broken of brokenMessages(type)) {
          // JSON has no word for it; a workload that is none has no secret.
          if (broken.rule === NOT_A_NUMBER || broken.path === 'workloadId') continue;
          const body = messageToJson(type, broken.make());
          const isOfPath = inPath.includes(broken.path);
          for (const name of inPath) if (!isOfPath || name !== broken.path) delete body[name];
          deepEqual(await problemsOf(method, path, body), { status: 400, paths: [broken.path] }, broken.rule);
        }
      });

      it(`${method} ${path}: unknown fields and wrong types, together with broken rules`, async () => {
        const body = { ...messageToJson(type, soundMessage(type)), [field]: [], nonsense: 1 };
        const { status: code, paths } = await problemsOf(method, path, body);
        deepEqual([code, paths.sort()], [400, [field, 'nonsense'].sort()]);
      });

      it(`${method} ${path}: what is no JSON object, is something else, or too much`, async () => {
        // Whose credential it takes is in the body here: without one nobody is let in.
        const refused = path === '/v1/capacity' ? 401 : 400;
        const json = { 'content-type': 'application/json' };
        for (const body of ['{"cInt": 0.5', '[1]', '"text"', 'null', '\u0000']) {
          const { status: code, paths } = await problemsOf(method, path, body, json);
          deepEqual([code, code === 400 ? paths : ['body']], [refused, ['body']], body);
        }
        const form = { 'content-type': 'application/x-www-form-urlencoded' };
        const sent = JSON.stringify({ workloadId: 'x' });
        deepEqual(await problemsOf(method, path, sent, form), { status: 415, paths: ['content-type'] });
        const huge = `{"workloadId": "${'x'.repeat(17 * 1024 * 1024)}"}`;
        deepEqual(await problemsOf(method, path, huge, json), { status: 413, paths: ['body'] });
      });
    }

    it('tells both of two mistakes that are of different kinds', async () => {
      const body = { vector: { cInt: 2, cPtr: 'half' }, rps: -1 };
      const { paths } = await problemsOf('PUT', '/v1/budgets/x/x?merge=maybe&dry=1', body);
      deepEqual(paths, ['merge', 'dry', 'vector.cPtr', 'vector.cInt', 'rps']);
    });

    it('lets a budget be sent back as it was read, and not to another place', async () => {
      const { body } = await api.rest('GET', '/v1/budgets/x/x');
      equal((await api.rest('PUT', '/v1/budgets/x/x', { body })).status, 200);
      deepEqual(await problemsOf('PUT', '/v1/budgets/x/x', { ...body, service: 'y' }), {
        status: 400,
        paths: ['service'],
      });
    });

    it('has a body of another kind in no route but these and the mesh files', async () => {
      const { description } = await descriptionAt(api.restUrl);
      const withBody = Object.entries(description.paths).flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, { requestBody }]) =>
          requestBody === undefined ? [] : [`${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, 'x')}`],
        ),
      );
      const known = BODIES.map(({ method, path }) => `${method} ${path}`);
      deepEqual(withBody.sort(), [...known, 'PUT /v1/mesh', 'PUT /v1/what-if/mesh'].sort());
    });

    it('names every parameter that is wrong, unknown or given twice', async () => {
      const { description } = await descriptionAt(api.restUrl);
      let tried = 0;
      for (const [path, methods] of Object.entries(description.paths)) {
        for (const [method, { parameters = [], security }] of Object.entries(methods)) {
          for (const { name, in: place, schema } of parameters) {
            const target = (value: string): string =>
              path.replaceAll(/\{(\w+)\}/g, (_, each) => (place === 'path' && each === name ? value : 'x'));
            for (const value of wrongTexts(schema)) {
              const query = place === 'query' ? `?${name}=${encodeURIComponent(value)}` : '';
              const headers = place === 'header' ? { [name]: value } : {};
              const at = `${target(encodeURIComponent(value))}${query}`;
              const { status: code, paths } = await problemsOf(method.toUpperCase(), at, undefined, headers);
              const where = `${method} ${at}`;
              if (name === 'workloadId') equal(code, 401, where);
              else deepEqual([code, paths.includes(name)], [400, true], where);
              tried += 1;
            }
            if (place !== 'query') continue;
            const twice = await problemsOf(method.toUpperCase(), `${target('x')}?${name}=x&${name}=x`, undefined);
            deepEqual([twice.status, twice.paths.includes(name)], [400, true], `${path} with ${name} twice`);
          }
          if (security.length === 0) continue;
          const at = `${path.replaceAll(/\{\w+\}/g, 'x')}?dryrun=1`;
          const unknown = await problemsOf(method.toUpperCase(), at, undefined);
          if (path !== '/v1/capacity') deepEqual([unknown.status, unknown.paths.includes('dryrun')], [400, true], at);
        }
      }
      ok(tried > 40, `${tried} were tried`);
    });

    it('names the place in a mesh file', async () => {
      const json = { 'content-type': 'application/json' };
      const cases: readonly [string, Record<string, string>, string][] = [
        ['mesh: [', {}, 'line 1, column 8'],
        ['mesh: shop\nservices: {x: {endpoint: 1}}', {}, 'services.x.endpoint'],
        [JSON.stringify({ mesh: 'shop', budgets: { x: { x: { int: 2 } } } }), json, 'budgets.x.x.int'],
      ];
      for (const path of ['/v1/mesh', '/v1/what-if/mesh']) {
        for (const [body, headers, wrong] of cases) {
          const answer = await problemsOf('PUT', path, body, headers);
          deepEqual([answer.status, answer.paths.includes(wrong)], [400, true], `${answer.paths.join()} in ${body}`);
        }
        const form = { 'content-type': 'text/plain' };
        deepEqual(await problemsOf('PUT', path, 'mesh: shop', form), { status: 415, paths: ['content-type'] });
      }
    });

    it('knows broken URLs, unknown paths and other methods', async () => {
      deepEqual(await problemsOf('GET', '/v1/services/%zz', undefined), { status: 400, paths: ['url'] });
      const long = `/v1/services/${'x'.repeat(5000)}`;
      deepEqual(await problemsOf('GET', long, undefined), { status: 400, paths: ['name'] });
      equal((await problemsOf('GET', '/v2/services', undefined)).status, 404);
      const other = await api.rest('POST', '/v1/services/x');
      deepEqual(
        [other.status, other.body.code, other.headers.get('allow')],
        [405, 'method-not-allowed', 'GET, DELETE'],
      );
    });
  });
});

/** Texts that the schema of a parameter forbids; none where it takes every text. */
function wrongTexts(schema: ParameterSchema): string[] {
  if (schema.anyOf !== undefined) return ['maybe'];
  if (schema.type === 'integer') {
    return ['many', '-1', ...(schema.maximum < Number.MAX_SAFE_INTEGER ? [`${schema.maximum + 1}`] : [])];
  }
  const { pattern, enum: words, maxLength } = schema;
  if (pattern !== undefined || words !== undefined) return ['No Such Word!'];
  return maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)];
}

/** Calls, and reads the paths from the error or from the problems of the answer. */
function told(client: Client, method: DescMethod, request: object, token: string): Promise<Told> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const call = (client as unknown as Record<string, (...args: unknown[]) => NodeJS.EventEmitter>)[method.localName];
  const ofError = ({ code, details }: ServiceError): Told => ({
    code,
    paths: details.split('\n').map((line) => line.slice(0, line.indexOf(': '))),
  });
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, answer?: { problems?: readonly { path: string }[] }): void =>
      resolve(error !== null ? ofError(error) : { code: status.OK, paths: answer?.problems?.map((p) => p.path) ?? [] });
    if (method.methodKind === 'unary') {
      call?.call(client, request, metadata, {}, done);
      return;
    }
    const stream = call?.call(client, request, metadata);
    stream?.on('data', () => {});
    stream?.on('error', done);
    stream?.on('end', () => done(null));
  });
}
