import {
  type CallOptions,
  type Client,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { isUnreached } from '../platform/grpc-failure.ts';
import { AdminClient } from '../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityClient } from '../proto/gen/capmesh/v1/capacity_service.ts';
import { OperationsClient } from '../proto/gen/capmesh/v1/operation_service.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Invocation } from './context.ts';
import { readIfExists, type StateFolder } from './state-folder.ts';

const DEADLINE_MS = 15_000;
const DEFAULT_SERVER = '127.0.0.1:18001';
const START_HINT = 'Start one with "capmesh up" in another terminal, or name it with --server host:port.';

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One client with the caller's credential; refusals of the transport become `CliError`s. */
export interface Connection<C extends Client> {
  readonly client: C;
  readonly metadata: Metadata;
  call<Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response>;
}

/** Address of the control plane: `--server`, CAPMESH_SERVER, the running `capmesh up`, else the default port. */
export function serverAddress({ options, context, state }: Invocation<unknown>): string {
  const running = state.running();
  const local = running === null ? DEFAULT_SERVER : `127.0.0.1:${running.ports.grpc}`;
  return options.server ?? context.env.CAPMESH_SERVER ?? local;
}

/** Runs `work` with a client for the Admin service. */
export function withAdmin<T>(
  call: Invocation<unknown>,
  work: (admin: Connection<AdminClient>) => Promise<T>,
): Promise<T> {
  const { options, context, state } = call;
  const file = options.adminTokenFile ?? context.env.CAPMESH_ADMIN_TOKEN_FILE ?? state.adminTokenFile;
  const address = serverAddress(call);
  if (file === state.adminTokenFile && state.running() === null && options.server === undefined) {
    requireMesh(state);
  }
  const hint = 'Name its file with --admin-token-file, or the right --state-dir.';
  const client = new AdminClient(address, credentials.createInsecure());
  return withClient(call, client, address, readSecret(file, 'admin token', hint), work);
}

/** Runs `work` with a client for the Capacity service that proves to be `workload`. */
export function withCapacity<T>(
  call: Invocation<unknown>,
  workload: string,
  work: (capacity: Connection<CapacityClient>) => Promise<T>,
): Promise<T> {
  const file = call.state.credentialFile(workload);
  const address = serverAddress(call);
  const secret = readSecret(file, `enrolment secret of ${workload}`, `Enrol it with "capmesh enrol ${workload}".`);
  return withClient(call, new CapacityClient(address, credentials.createInsecure()), address, secret, work);
}

/** Runs `work` with a client for the Operations service, whose requests hold their own credential. */
export function withOperations<T>(
  call: Invocation<unknown>,
  work: (operations: Connection<OperationsClient>) => Promise<T>,
): Promise<T> {
  const address = serverAddress(call);
  return withClient(call, new OperationsClient(address, credentials.createInsecure()), address, null, work);
}

/** Without a running mesh there is no token either: the first thing to say is how to start one. */
function requireMesh(state: StateFolder): void {
  if (readIfExists(state.adminTokenFile) !== null) return;
  throw new CliError(EXIT.unreachable, `no mesh runs in ${state.path}`, START_HINT);
}

function readSecret(file: string, title: string, hint: string): string {
  const secret = readIfExists(file);
  if (secret === null) throw new CliError(EXIT.credentials, `no ${title}: ${file} does not exist`, hint);
  return secret.trim();
}

async function withClient<C extends Client, T>(
  { context }: Invocation<unknown>,
  client: C,
  address: string,
  secret: string | null,
  work: (connection: Connection<C>) => Promise<T>,
): Promise<T> {
  const metadata = new Metadata();
  if (secret !== null) metadata.set('authorization', `Bearer ${secret}`);
  const call: Connection<C>['call'] = (method, request) =>
    new Promise((resolve, reject) => {
      const deadline = context.clock.wallMs() + DEADLINE_MS;
      method.call(client, request, metadata, { deadline }, (error, response) => {
        if (error === null) resolve(response);
        else reject(toCliError(error, address));
      });
    });
  try {
    return await work({ client, metadata, call });
  } finally {
    client.close();
  }
}

/** A failed call in the words of someone who has to mend it. */
export function toCliError(error: ServiceError, address: string): CliError {
  switch (error.code) {
    case status.UNAVAILABLE:
      if (!isUnreached(error.details)) return new CliError(EXIT.unreachable, error.details);
      return notReachable(address);
    case status.DEADLINE_EXCEEDED:
      return notReachable(address);
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return new CliError(
        EXIT.credentials,
        `${address} does not accept this credential: ${error.details}`,
        'The state folder (--state-dir) must be that of the control plane you call.',
      );
    default:
      return new CliError(EXIT.refused, error.details || error.message);
  }
}

const notReachable = (address: string): CliError =>
  new CliError(EXIT.unreachable, `no control plane answers at ${address}`, START_HINT);
