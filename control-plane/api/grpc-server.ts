import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from '../../platform/logger.ts';
import {
  type AdminServer,
  AdminService,
  type RecordedText,
  type RecordRequest,
  type WatchEventsRequest,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CapacityServer, CapacityService } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import {
  type CheckOperationRequest,
  type OperationsServer,
  OperationsService,
  type SettleOperationRequest,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import { HealthService } from '../../proto/gen/grpc/health/v1/health.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { ApiErrorCode } from './api-error.ts';
import { addHealthService } from './grpc-health.ts';
import { addReflectionService } from './grpc-reflection.ts';
import { pump } from './pump.ts';
import { serviceName } from './service-name.ts';
import { statusDetails } from './status-details.ts';
import { toApiError } from './to-api-error.ts';

/** Largest request, bytes: a mesh of 5 000 services and 20 000 budgets. */
const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;

/** Of the answer to a watch: the sequence that its events come after. */
const AFTER_HEADER = 'capmesh-after-sequence';

const statusOf: Readonly<Record<ApiErrorCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'not-found': status.NOT_FOUND,
  'method-not-allowed': status.UNIMPLEMENTED,
  conflict: status.ABORTED,
  gone: status.OUT_OF_RANGE,
  'too-large': status.RESOURCE_EXHAUSTED,
  'unsupported-media-type': status.INVALID_ARGUMENT,
  busy: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
};

/** The services Capacity, Operations and Admin, health and reflection. Not bound to a port yet. */
export function createGrpcServer(deps: ApiDependencies): Server {
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_MAX_BYTES });
  const services: readonly [ServiceDefinition, UntypedServiceImplementation][] = [
    [AdminService, adminServer(deps)],
    [CapacityService, capacityServer(deps)],
    [OperationsService, operationsServer(deps)],
  ];
  for (const [definition, implementation] of services) server.addService(definition, implementation);
  const names = services.map(([definition]) => serviceName(definition));
  addHealthService(server, names, deps.isReady);
  addReflectionService(server, [...names, serviceName(HealthService)]);
  return server;
}

/** Binds to `host:port` (port 0 = any) and answers the port. */
export function bindGrpcServer(
  server: Server,
  address: { readonly host: string; readonly port: number },
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address.host}:${address.port}`, credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function adminServer({ admin, authenticator, logger }: ApiDependencies): AdminServer {
  const unary = <Request, Response>(work: (request: Request) => Response | Promise<Response>) =>
    unaryCall<Request, Response>(logger, (request, metadata) => {
      authenticator.requireAdmin(authorizationOf(metadata));
      return work(request);
    });
  return {
    apply: unary((request) => admin.apply(request)),
    whatIf: unary((request) => admin.whatIf(request)),
    getMesh: unary(() => admin.getMesh()),
    setBudget: unary((request) => admin.setBudget(request)),
    deleteService: unary((request) => admin.deleteService(request)),
    deleteWorkload: unary((request) => admin.deleteWorkload(request)),
    deleteBudget: unary((request) => admin.deleteBudget(request)),
    enrol: unary((request) => admin.enrol(request)),
    revokeWorkload: unary((request) => admin.revokeWorkload(request)),
    revokeToken: unary((request) => admin.revokeToken(request)),
    rotateKey: unary(() => admin.rotateKey()),
    listKeys: unary(() => admin.listKeys()),
    setActionControl: unary((request) => admin.setActionControl(request)),
    cancelAction: unary((request) => admin.cancelAction(request)),
    getStatus: unary(() => admin.getStatus()),
    getScale: unary(() => admin.getScale()),
    getSubstrate: unary(() => admin.getSubstrate()),
    explain: unary((request) => admin.explain(request)),
    watchEvents: serverStream<WatchEventsRequest, CapacityEvent>(logger, async (request, metadata, signal) => {
      authenticator.requireAdmin(authorizationOf(metadata));
      const { after, events } = await admin.watchEvents(request, signal);
      return { items: events, head: { [AFTER_HEADER]: `${after}` } };
    }),
    record: serverStream<RecordRequest, RecordedText>(logger, async (request, metadata) => {
      authenticator.requireAdmin(authorizationOf(metadata));
      return { items: admin.record(request) };
    }),
  };
}

function capacityServer({ capacity, authenticator, logger }: ApiDependencies): CapacityServer {
  const unary = <Request extends { workloadId: string }, Response>(work: (request: Request) => Promise<Response>) =>
    unaryCall<Request, Response>(logger, (request, metadata) => {
      authenticator.requireWorkload(request.workloadId, authorizationOf(metadata));
      return work(request);
    });
  return {
    requestCapacity: unary((request) => capacity.requestCapacity(request)),
    renewCapacity: unary((request) => capacity.renewCapacity(request)),
    releaseCapacity: unary((request) => capacity.releaseCapacity(request)),
  };
}

/** The token in the request is its own credential. */
const operationsServer = ({ operations, logger }: ApiDependencies): OperationsServer => ({
  checkOperation: unaryCall(logger, (request: CheckOperationRequest) => operations.checkOperation(request)),
  settleOperation: unaryCall(logger, (request: SettleOperationRequest) => operations.settleOperation(request)),
});

function unaryCall<Request, Response>(
  logger: Logger,
  work: (request: Request, metadata: Metadata) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => work(call.request, call.metadata))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(grpcError(error, logger)),
      );
  };
}

interface OpenedStream<Response> {
  readonly items: AsyncIterable<Response>;
  /** Headers of the answer. */
  readonly head?: Readonly<Record<string, string>>;
}

function serverStream<Request, Response>(
  logger: Logger,
  open: (request: Request, metadata: Metadata, signal: AbortSignal) => Promise<OpenedStream<Response>>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    call.on('cancelled', abort);
    call.on('close', abort);
    call.on('error', abort);
    const work = async (): Promise<void> => {
      const { items, head } = await open(call.request, call.metadata, aborter.signal);
      call.sendMetadata(Metadata.fromHttp2Headers(head ?? {}));
      await pump(items, (item) => call.write(item), call, aborter.signal);
    };
    work().then(
      () => call.end(),
      // Only so does the caller hear of it: a destroyed call sends no status.
      (error: unknown) => call.emit('error', grpcError(error, logger)),
    );
  };
}

function grpcError(error: unknown, logger: Logger): Partial<ServiceError> {
  const known = toApiError(error, logger);
  if (known === null) return { code: status.INTERNAL, details: 'the control plane failed; its log says more' };
  return { code: statusOf[known.code], details: statusDetails(known.message) };
}

function authorizationOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get('authorization');
  return value?.toString();
}
