import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type Server, status } from '@grpc/grpc-js';
import { messageRegistry } from '../../platform/message-registry.ts';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  type ServerReflectionServer,
  ServerReflectionService,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';

const SERVICES = [
  'capmesh.v1.Admin',
  'capmesh.v1.Capacity',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
];

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/** grpc.reflection.v1, so that tools such as grpcurl need no protos. Needs no credential. */
export function addReflectionService(server: Server): void {
  const implementation: ServerReflectionServer = {
    serverReflectionInfo: (call) => {
      call.on('data', (request: ServerReflectionRequest) =>
        call.write({ validHost: request.host, originalRequest: request, messageResponse: answer(request) }),
      );
      call.on('end', () => call.end());
      call.on('error', () => {});
    },
  };
  server.addService(ServerReflectionService, implementation);
}

function answer({ messageRequest }: ServerReflectionRequest): Answer {
  const registry = messageRegistry();
  switch (messageRequest?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: SERVICES.map((name) => ({ name })) } };
    case 'fileByFilename': {
      const name = messageRequest.value;
      return filesAnswer([...registry.files].find((file) => file.proto.name === name));
    }
    case 'fileContainingSymbol': {
      const symbol = messageRequest.value;
      return filesAnswer((registry.get(symbol) ?? registry.get(symbol.slice(0, symbol.lastIndexOf('.'))))?.file);
    }
    default:
      return refusal(status.UNIMPLEMENTED, 'extensions cannot be asked for');
  }
}

const refusal = (errorCode: number, errorMessage: string): Answer => ({
  $case: 'errorResponse',
  value: { errorCode, errorMessage },
});

/** The file and everything that it imports. */
function filesAnswer(file: DescFile | undefined): Answer {
  if (file === undefined) return refusal(status.NOT_FOUND, 'no such symbol or file');
  const files = new Set<DescFile>();
  const visit = (each: DescFile): void => {
    if (files.has(each)) return;
    files.add(each);
    each.dependencies.forEach(visit);
  };
  visit(file);
  const fileDescriptorProto = [...files].map((each) => Buffer.from(toBinary(FileDescriptorProtoSchema, each.proto)));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}
