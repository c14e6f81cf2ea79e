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
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';

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
    for (const service of ['', 'capmesh.v1.Admin', 'capmesh.v1.Capacity']) {
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
    deepEqual(answer?.$case === 'listServicesResponse' && answer.value.service.map(({ name }) => name), [
      'capmesh.v1.Admin',
      'capmesh.v1.Capacity',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
    ]);
  });

  for (const symbol of ['capmesh.v1.Admin', 'capmesh.v1.Admin.Apply', 'capmesh.v1.Mesh', 'grpc.health.v1.Health']) {
    it(`gives the file of ${symbol} with all that it imports`, async () => {
      const answer = await ask({ $case: 'fileContainingSymbol', value: symbol });
      ok(answer?.$case === 'fileDescriptorResponse', JSON.stringify(answer));
      const files = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
      const names = new Set(files.map(({ name }) => name));
      ok(files.every(({ dependency }) => dependency.every((name) => names.has(name))));
    });
  }

  it('says what it does not know', async () => {
    for (const request of [
      { $case: 'fileContainingSymbol', value: 'capmesh.v1.Nothing' },
      { $case: 'fileByFilename', value: 'nothing.proto' },
      { $case: 'allExtensionNumbersOfType', value: 'x' },
    ] as const) {
      equal((await ask(request))?.$case, 'errorResponse');
    }
  });
});
