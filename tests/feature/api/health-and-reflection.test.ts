import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ChannelCredentials, status } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import {
  HealthClient,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../../proto/gen/grpc/health/v1/health.ts';
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../../../proto/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionClient as OlderReflectionClient } from '../../../proto/gen/grpc/reflection/v1alpha/reflection.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { reflectedClient } from '../../support/reflected-client.ts';

/** All that the door serves. */
const SERVICES = [
  'capmesh.v1.Admin',
  'capmesh.v1.Capacity',
  'capmesh.v1.Operations',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

describe('health and reflection of the gRPC door', () => {
  let api: ApiFixture;
  let health: HealthClient;
  let reflection: ServerReflectionClient;
  before(async () => {
    api = await startApi();
    health = new HealthClient(api.grpcAddress, ChannelCredentials.createInsecure());
    reflection = new ServerReflectionClient(api.grpcAddress, ChannelCredentials.createInsecure());
  });
  after(async () => {
    health?.close();
    reflection?.close();
    await api?.stop();
  });

  const ask = (messageRequest: ServerReflectionRequest['messageRequest']) =>
    new Promise<ServerReflectionResponse['messageResponse']>((resolve, reject) => {
      const call = reflection.serverReflectionInfo();
      call.on('data', (answer: ServerReflectionResponse) => {
        resolve(answer.messageResponse);
        call.end();
      });
      call.on('error', reject);
      call.write({ host: '', messageRequest });
    });

  it('is serving as a whole and by service, without a credential', async () => {
    for (const service of ['', 'capmesh.v1.Admin', 'capmesh.v1.Capacity', 'capmesh.v1.Operations']) {
      equal((await grpcCall(health, health.check, { service }, null)).status, Serving.SERVING);
    }
    await rejects(grpcCall(health, health.check, { service: 'other' }, null), { code: status.NOT_FOUND });
  });

  it('tells a watcher the present state at once', async () => {
    const call = health.watch({ service: '' });
    const first = await new Promise<{ status: Serving }>((resolve, reject) => {
      call.on('data', resolve);
      call.on('error', reject);
    });
    equal(first.status, Serving.SERVING);
    call.on('error', () => {});
    call.cancel();
  });

  it('lists its services', async () => {
    const answer = await ask({ $case: 'listServices', value: '' });
    deepEqual(answer?.$case === 'listServicesResponse' && answer.value.service.map(({ name }) => name), SERVICES);
  });

  for (const symbol of [
    'capmesh.v1.Admin',
    'capmesh.v1.Admin.Apply',
    'capmesh.v1.Mesh',
    'capmesh.v1.Mesh.budgets',
    'capmesh.v1.GateStatus',
    'capmesh.v1.GATE_STATUS_FAIL',
    'validate.rules',
    'validate.FieldRules.string',
    'google.protobuf.Duration',
    'grpc.health.v1.Health',
    'grpc.health.v1.HealthCheckResponse.ServingStatus',
  ]) {
    it(`gives the file of ${symbol} with all that it imports`, async () => {
      const answer = await ask({ $case: 'fileContainingSymbol', value: symbol });
      ok(answer?.$case === 'fileDescriptorResponse', JSON.stringify(answer));
      const files = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
      const names = new Set(files.map(({ name }) => name));
      ok(files.every(({ dependency }) => dependency.every((name) => names.has(name))));
    });
  }

  it('gives a file by its name, itself first', async () => {
    for (const name of ['capmesh/v1/mesh.proto', 'validate/validate.proto', 'google/protobuf/timestamp.proto']) {
      const answer = await ask({ $case: 'fileByFilename', value: name });
      ok(answer?.$case === 'fileDescriptorResponse', JSON.stringify(answer));
      equal(fromBinary(FileDescriptorProtoSchema, answer.value.fileDescriptorProto[0] ?? Buffer.of()).name, name);
    }
  });

  it('tells the extensions of a message, and where each is declared', async () => {
    const all = await ask({ $case: 'allExtensionNumbersOfType', value: 'google.protobuf.FieldOptions' });
    deepEqual(all, {
      $case: 'allExtensionNumbersResponse',
      value: { baseTypeName: 'google.protobuf.FieldOptions', extensionNumber: [RULES_NUMBER] },
    });
    const value = { containingType: 'google.protobuf.FieldOptions', extensionNumber: RULES_NUMBER };
    equal((await ask({ $case: 'fileContainingExtension', value }))?.$case, 'fileDescriptorResponse');
    const other = { ...value, extensionNumber: RULES_NUMBER + 1 };
    equal((await ask({ $case: 'fileContainingExtension', value: other }))?.$case, 'errorResponse');
  });

  it('says what it does not know, and goes on', async () => {
    for (const request of [
      { $case: 'fileContainingSymbol', value: 'capmesh.v1.Nothing' },
      { $case: 'fileContainingSymbol', value: 'capmesh.v1.Mesh.nothing' },
      { $case: 'fileContainingSymbol', value: 'capmesh.v1.NOTHING' },
      { $case: 'fileContainingSymbol', value: '' },
      { $case: 'fileByFilename', value: 'nothing.proto' },
      { $case: 'allExtensionNumbersOfType', value: 'x' },
    ] as const) {
      const answer = await ask(request);
      ok(answer?.$case === 'errorResponse', JSON.stringify(request));
      deepEqual([answer.value.errorCode, answer.value.errorMessage.includes(request.value)], [status.NOT_FOUND, true]);
    }
    const nothing = await ask(undefined);
    equal(nothing?.$case === 'errorResponse' && nothing.value.errorCode, status.INVALID_ARGUMENT);
    const reflected = await reflectedClient(api.grpcAddress, ServerReflectionClient);
    equal(reflected.has('capmesh.v1.Nothing'), false);
    reflected.close();
  });

  for (const [version, Reflection] of [
    ['v1', ServerReflectionClient],
    ['v1alpha', OlderReflectionClient],
  ] as const) {
    it(`is all that a client needs to call what it finds, over ${version}`, async () => {
      const body =
        'mesh: shop\nservices: {pay: {endpoints: ["127.0.0.1:1"]}}\nworkloads: {web: {}}\nbudgets: {web: {pay: {int: 0.5}}}';
      equal((await api.rest('PUT', '/v1/mesh', { body })).status, 200);
      const client = await reflectedClient(api.grpcAddress, Reflection);
      try {
        deepEqual(client.services, SERVICES);
        const budget = { workload: 'web', service: 'pay', vector: { cInt: 0.25 } };
        const set = await client.call('capmesh.v1.Admin', 'SetBudget', { budget });
        deepEqual([set.applied, set.problems], [true, undefined]);
        equal(api.config.view.config.budgets.get('web/pay')?.vector.int, 0.25);
        const mesh = await client.call('capmesh.v1.Admin', 'GetMesh', {});
        deepEqual((mesh.budgets as { vector: object }[])[0]?.vector, { cInt: 0.25 });
        const healthy = await client.call('grpc.health.v1.Health', 'Check', { service: 'capmesh.v1.Capacity' });
        deepEqual(healthy, { status: 'SERVING' });
        await rejects(client.call('capmesh.v1.Admin', 'Enrol', { workload: 'No Name' }), {
          code: status.INVALID_ARGUMENT,
          details: /^workload: /,
        });
      } finally {
        client.close();
      }
    });
  }
});

/** Of `validate.rules`. */
const RULES_NUMBER = 1071;
