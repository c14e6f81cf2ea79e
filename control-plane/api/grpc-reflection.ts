import { type DescExtension, type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type Server, status } from '@grpc/grpc-js';
import { messageRegistry } from '../../platform/message-registry.ts';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  type ServerReflectionServer,
  ServerReflectionService,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionService as OlderReflectionService } from '../../proto/gen/grpc/reflection/v1alpha/reflection.ts';
import { fileOfSymbol } from './file-of-symbol.ts';
import { serviceName } from './service-name.ts';

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/**
 * grpc.reflection.v1, so that tools such as grpcurl need no protos, and v1alpha for those that know no other.
 * Needs no credential. @param services names of what the server serves besides
 */
export function addReflectionService(server: Server, services: readonly string[]): void {
  const definitions = [ServerReflectionService, OlderReflectionService];
  const names = [...services, ...definitions.map(serviceName)];
  const implementation: ServerReflectionServer = {
    serverReflectionInfo: (call) => {
      call.on('data', (request: ServerReflectionRequest) =>
        call.write({ validHost: request.host, originalRequest: request, messageResponse: answer(request, names) }),
      );
      call.on('end', () => call.end());
      call.on('error', () => {});
    },
  };
  for (const definition of definitions) server.addService(definition, { ...implementation });
}

function answer({ messageRequest }: ServerReflectionRequest, services: readonly string[]): Answer {
  switch (messageRequest?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename': {
      const name = messageRequest.value;
      const file = [...messageRegistry().files].find(({ proto }) => proto.name === name);
      return filesAnswer(file, `no file ${name}`);
    }
    case 'fileContainingSymbol':
      return filesAnswer(fileOfSymbol(messageRequest.value), `no symbol ${messageRequest.value}`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      const extension = extensionsOf(containingType).find(({ number }) => number === extensionNumber);
      return filesAnswer(extension?.file, `no extension ${extensionNumber} of ${containingType}`);
    }
    case 'allExtensionNumbersOfType': {
      const name = messageRequest.value;
      if (messageRegistry().getMessage(name) === undefined) return refusal(status.NOT_FOUND, `no message ${name}`);
      const extensionNumber = extensionsOf(name).map(({ number }) => number);
      return { $case: 'allExtensionNumbersResponse', value: { baseTypeName: name, extensionNumber } };
    }
    default:
      return refusal(status.INVALID_ARGUMENT, 'nothing is asked for');
  }
}

const refusal = (errorCode: number, errorMessage: string): Answer => ({
  $case: 'errorResponse',
  value: { errorCode, errorMessage },
});

const extensionsOf = (typeName: string): DescExtension[] =>
  [...messageRegistry()].filter(
    (each): each is DescExtension => each.kind === 'extension' && each.extendee.typeName === typeName,
  );

/** The file, first, and everything that it imports. */
function filesAnswer(file: DescFile | undefined, unknown: string): Answer {
  if (file === undefined) return refusal(status.NOT_FOUND, unknown);
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
