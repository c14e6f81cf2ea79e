import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { CliContext } from '../../cli/context.ts';
import { buildProgram } from '../../cli/program.ts';
import { runCli } from '../../cli/run-cli.ts';
import { StateFolder } from '../../cli/state-folder.ts';
import { systemClock } from '../../platform/clock.ts';
import { writePrivate } from '../../platform/write-private.ts';
import * as admin from '../../proto/gen/capmesh/v1/admin_service.ts';
import * as capacity from '../../proto/gen/capmesh/v1/capacity_service.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { Mesh } from '../../proto/gen/capmesh/v1/mesh.ts';
import * as operations from '../../proto/gen/capmesh/v1/operation_service.ts';

const ADMIN_TOKEN = 'admin-of-the-fixture';

/** Answers may leave out what is empty. */
const COMPLETE: Readonly<Record<string, { fromPartial(partial: object): object }>> = {
  apply: admin.ApplyResponse,
  getMesh: Mesh,
  setBudget: admin.SetBudgetResponse,
  deleteBudget: admin.DeleteResponse,
  enrol: admin.EnrolResponse,
  rotateKey: admin.KeyList,
  listKeys: admin.KeyList,
  revokeToken: admin.RevokeTokenResponse,
  revokeWorkload: admin.RevokeWorkloadResponse,
  getStatus: admin.Status,
  getScale: admin.ScaleRequests,
  getSubstrate: admin.Substrate,
  setActionControl: admin.ActionControl,
  cancelAction: admin.CancelActionResponse,
  explain: admin.ExplainResponse,
  whatIf: admin.WhatIfResponse,
  watchEvents: CapacityEvent,
  requestCapacity: capacity.RequestCapacityResponse,
  renewCapacity: capacity.RequestCapacityResponse,
  releaseCapacity: capacity.ReleaseCapacityResponse,
  checkOperation: operations.CheckOperationResponse,
  settleOperation: operations.SettleOperationResponse,
};

type Handler = (request: never) => object | readonly object[] | ServiceError;

/** What one command line did. */
export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command line in a folder of its own, against a control plane that answers as told. */
export interface CliFixture {
  readonly folder: string;
  readonly state: StateFolder;
  /** Requests by method, oldest first. */
  readonly requests: { readonly method: string; readonly request: unknown; readonly authorization: string }[];
  /** Answers of the control plane by method; a list is a stream, which an error in it ends. */
  readonly answers: Record<string, Handler>;
  readonly abort: AbortController;
  /** What commands read from stdin. */
  input: string;
  /** Starts a REST door that answers as told. */
  rest(listener: RequestListener): Promise<void>;
  /** Starts a mesh listener in place of Envoy. */
  envoy(listener: RequestListener): Promise<void>;
  run(...args: string[]): Promise<CliRun>;
  stop(): Promise<void>;
}

export async function startCliFixture(): Promise<CliFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-cli-'));
  const state = new StateFolder(join(folder, '.capmesh'));
  const requests: CliFixture['requests'] = [];
  const answers: CliFixture['answers'] = {};
  const abort = new AbortController();
  const grpc = new Server();
  for (const service of [admin.AdminService, capacity.CapacityService, operations.OperationsService]) {
    grpc.addService(service, implement(service, requests, answers));
  }
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  const servers: HttpServer[] = [];
  const listen = async (listener: RequestListener): Promise<number> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  let restPort = 0;
  const writeUp = (meshPort: number): void =>
    state.writeRunning({
      pid: process.pid,
      mesh: 'shop',
      ports: { xds: 0, grpc: grpcPort, rest: restPort, nats: 0, nodes: [{ mesh: meshPort, admin: 0, health: 0 }] },
      examples: {},
      pids: {},
    });
  writeUp(0);
  writePrivate(state.adminTokenFile, `${ADMIN_TOKEN}\n`);
  const fixture: CliFixture = {
    folder,
    state,
    requests,
    answers,
    abort,
    rest: async (listener) => {
      restPort = await listen(listener);
      writeUp(0);
    },
    envoy: async (listener) => writeUp(await listen(listener)),
    input: '',
    run: (...args) => run(folder, abort.signal, fixture.input, args),
    stop: async () => {
      grpc.forceShutdown();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      rmSync(folder, { recursive: true });
    },
  };
  return fixture;
}

async function run(cwd: string, signal: AbortSignal, input: string, args: readonly string[]): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const context: CliContext = {
    env: {},
    cwd,
    clock: systemClock,
    signal,
    input: () => input,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  };
  const code = await runCli(buildProgram(context), args, context);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

type Definition = Readonly<Record<string, { readonly responseStream: boolean }>>;

function implement(
  service: Definition,
  requests: CliFixture['requests'],
  answers: CliFixture['answers'],
): UntypedServiceImplementation {
  const handlers: unknown = Object.fromEntries(
    Object.entries(service).map(([method, { responseStream }]) => [
      method,
      (call: Call, callback: (error: Partial<ServiceError> | null, answer?: object) => void) => {
        const authorization = String(call.metadata.get('authorization')[0] ?? '');
        requests.push({ method, request: call.request, authorization });
        const answer = answers[method]?.(call.request as never) ?? unimplemented(method);
        if (responseStream) {
          for (const message of answer as readonly object[]) {
            if (message instanceof Error) call.emit('error', message);
            else call.write(complete(method, message));
          }
          if ((call.request as { storedOnly?: boolean }).storedOnly === true) call.end();
        } else if (answer instanceof Error) callback(answer);
        else callback(null, complete(method, answer));
      },
    ]),
  );
  return handlers as UntypedServiceImplementation;
}

const complete = (method: string, answer: object): object => COMPLETE[method]?.fromPartial(answer) ?? answer;

interface Call {
  readonly request: unknown;
  readonly metadata: Metadata;
  write(message: object): void;
  emit(name: 'error', error: Error): void;
  end(): void;
}

export function grpcError(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

const unimplemented = (method: string): ServiceError => grpcError(status.UNIMPLEMENTED, `no answer for ${method}`);
