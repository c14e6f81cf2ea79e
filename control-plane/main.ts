import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tightGates } from '../core/admission/tight-gates.ts';
import { SILENT_AFTER_MS } from '../core/allocators/lease-book.ts';
import type { MeshView } from '../core/kernel/mesh-view.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { connectNats, type NatsConnection, type NatsOptions } from '../platform/nats-connection.ts';
import { loadMessageRules } from '../platform/validate-message.ts';
import { Admission } from './admission/admission.ts';
import { lately } from './admission/lately.ts';
import { ActionHandlers } from './api/action-handlers.ts';
import { AdminHandlers } from './api/admin-handlers.ts';
import type { RestDependencies } from './api/api-dependencies.ts';
import { Authenticator } from './api/authenticator.ts';
import { CapacityHandlers } from './api/capacity-handlers.ts';
import { EventHandlers } from './api/event-handlers.ts';
import { ExplainHandlers } from './api/explain-handlers.ts';
import { MeshEdits } from './api/mesh-edits.ts';
import { openDoors, type TcpDoor } from './api/open-doors.ts';
import { OperationHandlers } from './api/operation-handlers.ts';
import { WhatIfHandlers } from './api/what-if-handlers.ts';
import type { KernelLoop } from './loop/kernel-loop.ts';
import { type Replica, startReplica } from './loop/start-replica.ts';
import { askOver } from './operations/ask-node.ts';
import { OperationRelay } from './operations/operation-relay.ts';

/** Admission decides on what was known of the mesh at most this long ago. */
const SCENE_AGE_MAX_MS = 100;
/** Operations are passed on to nodes that lived at most this long ago, beside the age of their frames. */
const NODES_AGE_MAX_MS = 250;

export interface ControlPlaneOptions {
  readonly mesh: string;
  /** Where Envoys ask. */
  readonly xds: TcpDoor;
  /** Services Capacity and Admin. */
  readonly grpc: TcpDoor;
  readonly rest: TcpDoor;
  readonly nats: Pick<NatsOptions, 'servers' | 'nkeySeedFile' | 'tls'>;
  /** Holds the signing key of this replica. */
  readonly stateDir: string;
  readonly adminTokenFile: string;
  /** Folder to record the kernel's inputs and events into, for `capmesh replay`. */
  readonly recordFolder?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly logger: Logger;
  /** Ends the wait for the first connection to the store. */
  readonly signal?: AbortSignal | undefined;
}

export interface ControlPlane {
  readonly xdsPort: number;
  readonly grpcPort: number;
  readonly restPort: number;
  /** For tests: `nextTick`, `ticks`, `view`; `null` while this replica does not lead. */
  readonly kernel: () => KernelLoop | null;
  /** Refuses new calls, lets those under way end, writes what is owed, closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts one control-plane replica; returns when all doors are open. Waits for
 * the store, and where this replica leads for its kernel.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { stateDir, logger, clock = systemClock, signal } = options;
  loadMessageRules();
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const connection = await connectNats({ ...options.nats, name: 'control-plane', logger, signal });
  const closing: (() => unknown)[] = [() => connection.drain()];
  try {
    const replica = await startReplica({ ...options, clock }, connection, closing);
    const operations = new OperationHandlers(operationRelay(options, clock, connection, replica));
    const doors = await openDoors(options, { ...apiDependencies(options, clock, replica), operations }, replica.xds);
    closing.push(() => doors.close());
    logger.info({ mesh: options.mesh, ...doors.ports }, 'control plane is open');
    const kernel = (): KernelLoop | null => replica.kernel();
    return { ...doors.ports, kernel, stop: () => closeAll(closing, logger) };
  } catch (error) {
    await closeAll(closing, logger);
    throw error;
  }
}

/** What was opened last is closed first; a failure does not keep the others open. */
async function closeAll(closing: (() => unknown)[], logger: Logger): Promise<void> {
  for (const close of closing.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      logger.warn({ err: error }, 'could not be closed');
    }
  }
}

/** Any node that lives can be asked: every node carries every edge. */
function operationRelay(
  { mesh }: ControlPlaneOptions,
  clock: Clock,
  connection: NatsConnection,
  { store, known }: Replica,
): OperationRelay {
  const nodes = (): string[] =>
    known()
      .view()
      .nodes.filter(({ frameAgeMs, leaseSeq }) => frameAgeMs <= SILENT_AFTER_MS && leaseSeq > 0)
      .map(({ node }) => node);
  return new OperationRelay({
    ask: askOver(connection, mesh),
    nodes: lately(nodes, clock, NODES_AGE_MAX_MS),
    isReachable: store.isReachable,
    clock,
  });
}

function apiDependencies(
  { mesh, adminTokenFile, logger }: ControlPlaneOptions,
  clock: Clock,
  { store, replicas, leadership, metrics, known, note, quorum, askRefusals }: Replica,
): Omit<RestDependencies, 'operations'> {
  const view = (): MeshView => known().view();
  const admission = new Admission({
    ledger: store.ledger,
    revoker: store.keys,
    signingKey: () => store.keyRotation.current,
    config: () => store.config.view.config,
    // It changes with the ticks: a thousand requests a second need not have it made anew each.
    scene: lately(() => known().admissionScene(), clock, SCENE_AGE_MAX_MS),
    note,
    agreed: (workload, gauge) => quorum.agreed(workload, gauge),
    clock,
    newGrantId: randomUUID,
  });
  const edits = new MeshEdits(
    store.config,
    mesh,
    (workload) => admission.isEnrolled(workload),
    (next) => tightGates(known().whatIfEdit(next), known().admissionScene().caution),
  );
  const admin = new AdminHandlers({
    edits,
    whatIf: new WhatIfHandlers({
      edits,
      admission,
      whatIfEdit: (next) => known().whatIfEdit(next),
      caution: () => known().admissionScene().caution,
    }),
    actions: new ActionHandlers({ orders: store.orders, view, clock }),
    admission,
    keys: store.keyRotation,
    events: new EventHandlers(store.events, clock),
    configView: () => store.config.view,
    status: () => ({
      view: view(),
      xdsNodes: replicas.nodes(),
      rollout: replicas.rollout(store.config.view.revision),
      wallMs: clock.wallMs(),
      replicas: replicas.all(),
    }),
    substrate: () => known().substrate(),
    recording: { log: store.kernelLog, frames: store.frames, clock },
    explain: new ExplainHandlers({
      config: () => store.config.view.config,
      planInput: (config) => known().planInput(config),
      view,
      ask: askRefusals,
    }),
    clock,
  });
  return {
    admin,
    capacity: new CapacityHandlers(admission),
    authenticator: Authenticator.fromFile(adminTokenFile, (workload, secret) => admission.proves(workload, secret)),
    isReady: store.isReachable,
    leadership,
    logger,
    metrics: metrics.registry,
    publicKeys: () => store.keys.keys(),
  };
}
