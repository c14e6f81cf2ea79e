import {
  create,
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ChannelCredentials, Client, type ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { ADMIN_TOKEN } from './api-fixture.ts';

type Reflect = ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;
type ReflectionClient = new (
  address: string,
  credentials: ChannelCredentials,
) => Client & { serverReflectionInfo(): Reflect };

/** A client that knows of the server only what it was told by reflection, as grpcurl does. */
export interface ReflectedClient {
  readonly services: readonly string[];
  has(typeName: string): boolean;
  /** Request and answer as JSON. */
  call(service: string, method: string, request: JsonValue): Promise<Record<string, unknown>>;
  close(): void;
}

export async function reflectedClient(address: string, Reflection: ReflectionClient): Promise<ReflectedClient> {
  const reflection = new Reflection(address, ChannelCredentials.createInsecure());
  const stream = reflection.serverReflectionInfo();
  const answers = stream[Symbol.asyncIterator]() as AsyncIterator<ServerReflectionResponse>;
  const ask = async (messageRequest: ServerReflectionRequest['messageRequest']) => {
    stream.write({ host: '', messageRequest });
    return ((await answers.next()).value as ServerReflectionResponse).messageResponse;
  };
  const listed = await ask({ $case: 'listServices', value: '' });
  const services = listed?.$case === 'listServicesResponse' ? listed.value.service.map(({ name }) => name) : [];
  const files = new Map<string, FileDescriptorProto>();
  for (const value of services) {
    const answer = await ask({ $case: 'fileContainingSymbol', value });
    for (const bytes of answer?.$case === 'fileDescriptorResponse' ? answer.value.fileDescriptorProto : []) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(file.name, file);
    }
  }
  stream.end();
  reflection.close();
  const registry = registryOf(files);
  const client = new Client(address, ChannelCredentials.createInsecure());
  return {
    services,
    has: (typeName) => registry.get(typeName) !== undefined,
    call: (service, method, request) => call(client, registry, [service, method], request),
    close: () => client.close(),
  };
}

/** Each file after those that it imports. */
function registryOf(files: ReadonlyMap<string, FileDescriptorProto>): FileRegistry {
  const inOrder = new Set<FileDescriptorProto>();
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`${name} is imported, and was not told`);
    if (inOrder.has(file)) return;
    file.dependency.forEach(add);
    inOrder.add(file);
  };
  [...files.keys()].forEach(add);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...inOrder] }));
}

function call(
  client: Client,
  registry: FileRegistry,
  [service, name]: readonly [string, string],
  request: JsonValue,
): Promise<Record<string, unknown>> {
  const method = registry.getService(service)?.methods.find((each) => each.name === name);
  if (method === undefined) throw new Error(`${service} has no method ${name}`);
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${ADMIN_TOKEN}`);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/${service}/${name}`,
      (json: JsonValue) => Buffer.from(toBinary(method.input, fromJson(method.input, json, { registry }))),
      (bytes: Buffer) => toJson(method.output, fromBinary(method.output, bytes), { registry }),
      request,
      metadata,
      (error, answer) => (error === null ? resolve(answer as Record<string, unknown>) : reject(error)),
    );
  });
}
