import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  type CallOptions,
  ChannelCredentials,
  type Client,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { Admission } from '../../control-plane/admission/admission.ts';
import { ActionHandlers } from '../../control-plane/api/action-handlers.ts';
import { AdminHandlers } from '../../control-plane/api/admin-handlers.ts';
import type { RestDependencies } from '../../control-plane/api/api-dependencies.ts';
import { Authenticator } from '../../control-plane/api/authenticator.ts';
import { CapacityHandlers } from '../../control-plane/api/capacity-handlers.ts';
import { EventHandlers } from '../../control-plane/api/event-handlers.ts';
import { ExplainHandlers } from '../../control-plane/api/explain-handlers.ts';
import { bindGrpcServer, createGrpcServer } from '../../control-plane/api/grpc-server.ts';
import { MeshEdits } from '../../control-plane/api/mesh-edits.ts';
import { OperationHandlers } from '../../control-plane/api/operation-handlers.ts';
import { createRestServer } from '../../control-plane/api/rest-server.ts';
import { WhatIfHandlers } from '../../control-plane/api/what-if-handlers.ts';
import type { QuorumOutcome } from '../../control-plane/leader/ledger-quorum.ts';
import type { KernelLoop } from '../../control-plane/loop/kernel-loop.ts';
import type { AskNode } from '../../control-plane/operations/ask-node.ts';
import { OperationRelay } from '../../control-plane/operations/operation-relay.ts';
import type { EventFilter } from '../../control-plane/state/event-filter.ts';
import { EventsGoneError } from '../../control-plane/state/events-gone.ts';
import { KeyRotation } from '../../control-plane/state/key-rotation.ts';
import { cautionAt } from '../../core/admission/admission-caution.ts';
import { admissionFigures } from '../../core/admission/admission-figures.ts';
import { type AdmissionRecord, EMPTY_ADMISSION_LEDGER } from '../../core/admission/admission-ledger.ts';
import type { AdmissionScene } from '../../core/admission/admission-scene.ts';
import { tightGates } from '../../core/admission/tight-gates.ts';
import { createKernel, type KernelState } from '../../core/kernel/kernel-state.ts';
import type { ActionView, MeshView, ServiceView } from '../../core/kernel/mesh-view.ts';
import { planInputOf } from '../../core/kernel/plan-mesh.ts';
import { substrateViewOf } from '../../core/kernel/substrate-view.ts';
import { whatIfEdit } from '../../core/kernel/what-if-edit.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { SpectrumMemory } from '../../core/substrate/spectrum-memory.ts';
import { createLogger } from '../../platform/logger.ts';
import { AdminClient } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityClient } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { OperationsClient } from '../../proto/gen/capmesh/v1/operation_service.ts';
import { RefusalAnswer, type RefusalQuery } from '../../proto/gen/capmesh/v1/refusal.ts';
import { checkAnswer } from './described-answers.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { MemoryConfig, MemoryKeys, MemoryLedger, MemoryOrders, MemoryRevoker } from './memory-stores.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-test';

/** Both doors of a control plane over stores in memory. */
export interface ApiFixture {
  readonly config: MemoryConfig;
  readonly ledger: MemoryLedger;
  readonly revoker: MemoryRevoker;
  readonly orders: MemoryOrders;
  readonly keyRotation: KeyRotation;
  readonly clock: ManualClock;
  readonly grpcAddress: string;
  readonly restUrl: string;
  readonly restServer: FastifyInstance;
  readonly events: CapacityEvent[];
  /** Sequence of the oldest event that is kept. */
  oldestEvent: number;
  /** What watchers asked for. */
  readonly filters: readonly EventFilter[];
  /** Gates of services as status tells them. */
  services: ServiceView[];
  /** What admission is decided by. */
  scene: AdmissionScene;
  /** What becomes of grants that have to wait for other replicas. */
  agreement: QuorumOutcome;
  /** What sidecars answer about refusals; each is completed. */
  refusals: readonly Parameters<typeof RefusalAnswer.fromPartial>[0][];
  /** What they were asked. */
  readonly asked: readonly RefusalQuery[];
  /** Drives the kernel that everything is answered from; `null` = answers are those set here. */
  loop: KernelLoop | null;
  /** What edits are foreseen by, and whose substrate is told. */
  kernel: KernelState;
  /** Decisions that the kernel was told of. */
  readonly noted: readonly AdmissionRecord[];
  /** Actions that run. */
  actions: ActionView[];
  /** Live nodes, as what is asked about operations is passed on to them. */
  nodes: readonly string[];
  /** What their sidecars say. */
  askNode: AskNode;
  isReachable: boolean;
  readonly admin: AdminClient;
  readonly capacity: CapacityClient;
  readonly operations: OperationsClient;
  rest(method: string, path: string, options?: RestOptions): Promise<RestAnswer>;
  stop(): Promise<void>;
}

export interface RestOptions {
  readonly body?: unknown;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly body: any;
}

/** What tests set. */
type FixtureState =
  | 'services'
  | 'actions'
  | 'scene'
  | 'kernel'
  | 'loop'
  | 'oldestEvent'
  | 'refusals'
  | 'agreement'
  | 'nodes'
  | 'askNode'
  | 'isReachable';

export async function startApi(mesh = 'shop'): Promise<ApiFixture> {
  const config = new MemoryConfig(mesh);
  const ledger = new MemoryLedger();
  const revoker = new MemoryRevoker();
  const clock = manualClock(1_800_000_000_000);
  const events: CapacityEvent[] = [];
  const filters: EventFilter[] = [];
  const orders = new MemoryOrders();
  const noted: AdmissionRecord[] = [];
  const asked: RefusalQuery[] = [];
  const fixture: Pick<ApiFixture, FixtureState> = {
    oldestEvent: 1,
    agreement: { reached: true, applied: 1, needed: 1 },
    refusals: [],
    loop: null,
    nodes: [],
    askNode: async () => ({ kind: 'absent' }),
    isReachable: true,
    services: [],
    actions: [],
    kernel: createKernel(),
    scene: { pools: new Map(), caution: cautionAt(0) },
  };
  const spectra = new SpectrumMemory();
  let grants = 0;
  const stateDir = mkdtempSync(join(tmpdir(), 'capmesh-api-'));
  const keys = new MemoryKeys();
  const keyRotation = await KeyRotation.open({
    stateDir,
    store: keys,
    lastGrantEndMs: () => ledger.lastEndMs(),
    clock,
  });
  const sketchedView = (): MeshView => ({
    mesh,
    stability: 'stable',
    services: fixture.services,
    edges: [],
    nodes: [],
    actions: fixture.actions,
    control: orders.orders.control,
    admission: admissionFigures(EMPTY_ADMISSION_LEDGER),
    latestOutcomes: [],
  });
  const view = (): MeshView => fixture.loop?.view() ?? sketchedView();
  const admission = new Admission({
    ledger,
    revoker,
    signingKey: () => keyRotation.current,
    config: () => config.view.config,
    scene: () => fixture.loop?.admissionScene() ?? fixture.scene,
    agreed: async () => fixture.agreement,
    note: (record) => {
      noted.push(record);
      fixture.loop?.noteAdmission(record);
    },
    clock,
    newGrantId: () => `grant-${++grants}`,
  });
  const whatIfNext = (next: MeshConfig) => fixture.loop?.whatIfEdit(next) ?? whatIfEdit(fixture.kernel, next);
  const edits = new MeshEdits(
    config,
    mesh,
    (workload) => admission.isEnrolled(workload),
    (next) => tightGates(whatIfNext(next), cautionAt(0)),
  );
  const admin = new AdminHandlers({
    edits,
    whatIf: new WhatIfHandlers({ edits, admission, whatIfEdit: whatIfNext, caution: () => cautionAt(0) }),
    actions: new ActionHandlers({ orders, view, clock }),
    admission,
    keys: keyRotation,
    events: new EventHandlers(
      {
        watch: async (filter) => {
          filters.push(filter);
          const after = filter.afterSequence;
          if (after + 1 < fixture.oldestEvent)
            throw new EventsGoneError(after, { oldest: fixture.oldestEvent, newest: 99 });
          return { after, events: Readable.from(events.filter(({ sequence }) => sequence > after)) };
        },
      },
      clock,
    ),
    configView: () => config.view,
    status: () => ({ view: view(), xdsNodes: [], rollout: null, wallMs: clock.wallMs(), replicas: [] }),
    substrate: () => substrateViewOf(fixture.kernel, clock.monotonicMs(), spectra),
    recording: { log: { read: none }, frames: none, clock },
    explain: new ExplainHandlers({
      config: () => config.view.config,
      planInput: (meshConfig) => planInputOf(createKernel(), meshConfig),
      view,
      ask: async (query) => {
        asked.push(query);
        return fixture.refusals.map((refusal) => RefusalAnswer.fromPartial(refusal));
      },
    }),
    clock,
  });
  const deps: RestDependencies = {
    admin,
    capacity: new CapacityHandlers(admission),
    operations: new OperationHandlers(
      new OperationRelay({
        ask: (...asked) => fixture.askNode(...asked),
        nodes: () => fixture.nodes,
        isReachable: () => fixture.isReachable,
        clock,
      }),
    ),
    authenticator: new Authenticator(ADMIN_TOKEN, (workload, secret) => admission.proves(workload, secret)),
    isReady: () => true,
    leadership: () => ({ role: 'leader', epoch: 1, leader: 'k1' }),
    logger: createLogger('test-api'),
    metrics: new Registry(),
    publicKeys: () => keys.keys(),
  };
  const grpc = createGrpcServer(deps);
  const grpcAddress = `127.0.0.1:${await bindGrpcServer(grpc, { host: '127.0.0.1', port: 0 })}`;
  const rest = createRestServer(deps);
  const restUrl = await rest.listen({ host: '127.0.0.1', port: 0 });
  const clients = {
    admin: new AdminClient(grpcAddress, ChannelCredentials.createInsecure()),
    capacity: new CapacityClient(grpcAddress, ChannelCredentials.createInsecure()),
    operations: new OperationsClient(grpcAddress, ChannelCredentials.createInsecure()),
  };
  return Object.assign(fixture, {
    config,
    ledger,
    revoker,
    clock,
    events,
    filters,
    orders,
    noted,
    asked,
    keyRotation,
    grpcAddress,
    restUrl,
    restServer: rest,
    ...clients,
    rest: (method: string, path: string, options: RestOptions = {}) => callRest(restUrl, method, path, options),
    stop: async () => {
      clients.admin.close();
      clients.capacity.close();
      clients.operations.close();
      grpc.forceShutdown();
      await rest.close();
      rmSync(stateDir, { recursive: true });
    },
  });
}

async function callRest(url: string, method: string, path: string, options: RestOptions): Promise<RestAnswer> {
  const { body, token = ADMIN_TOKEN, headers = {} } = options;
  const isText = typeof body === 'string';
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': isText ? 'application/yaml' : 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const answer = { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  await checkAnswer(url, method, path, answer);
  return answer;
}

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One gRPC call with a Bearer credential; rejects with the `ServiceError`. */
export function grpcCall<C extends Client, Request, Response>(
  client: C,
  method: Unary<Request, Response>,
  request: Request,
  token: string | null = ADMIN_TOKEN,
): Promise<Response> {
  const metadata = new Metadata();
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  return new Promise((resolve, reject) => {
    method.call(client, request, metadata, {}, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
  });
}

async function* none(): AsyncGenerator<never> {}
