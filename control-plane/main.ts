import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tightGates } from '../core/admission/tight-gates.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { connectNats, type NatsOptions } from '../platform/nats-connection.ts';
import { loadMessageRules } from '../platform/validate-message.ts';
import { Admission } from './admission/admission.ts';
import { ActionHandlers } from './api/action-handlers.ts';
import { AdminHandlers } from './api/admin-handlers.ts';
import type { RestDependencies } from './api/api-dependencies.ts';
import { Authenticator } from './api/authenticator.ts';
import { CapacityHandlers } from './api/capacity-handlers.ts';
import { MeshEdits } from './api/mesh-edits.ts';
import { openDoors, type TcpDoor } from './api/open-doors.ts';
import { WhatIfHandlers } from './api/what-if-handlers.ts';
import type { KernelLoop } from './loop/kernel-loop.ts';
import { type RunningLoop, startLoop } from './loop/start-loop.ts';
import { type ControlPlaneMetrics, createControlPlaneMetrics } from './metrics/control-plane-metrics.ts';
import { type ControlPlaneStore, openControlPlaneStore } from './state/control-plane-store.ts';
import { XdsServer } from './xds/xds-server.ts';

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
  /** For tests: `nextTick`, `ticks`, `view`. */
  readonly kernel: KernelLoop;
  /** Refuses new calls, lets those under way end, writes what is owed, closes everything. */
  stop(): Promise<void>;
}

/** Starts one control-plane replica; returns when all doors are open. Waits for the store. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { mesh, stateDir, logger, clock = systemClock, signal } = options;
  loadMessageRules();
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const connection = await connectNats({ ...options.nats, name: 'control-plane', logger, signal });
  const closing: (() => unknown)[] = [() => connection.drain()];
  try {
    const store = await openControlPlaneStore(connection, { mesh, stateDir, clock, logger });
    closing.push(() => store.stop());
    let loop: RunningLoop | undefined;
    const metrics = createControlPlaneMetrics({
      view: () => running(loop).kernel.view(),
      casConflicts: () => store.ledger.conflicts,
      droppedFrames: () => loop?.droppedFrames() ?? 0,
      droppedEffects: () => loop?.droppedEffects() ?? 0,
      nodes: () => xds.nodes(),
    });
    const xds = new XdsServer({
      clock,
      logger,
      onNack: () => metrics.countNack(),
      onApplied: (behindMs) => metrics.observeApplied(behindMs),
    });
    loop = await startLoop({
      mesh,
      connection,
      store,
      xds,
      clock,
      logger,
      onTick: (tick) => metrics.observeTick(tick),
      onPlan: () => metrics.countPlan(),
      recordFolder: options.recordFolder,
    });
    closing.push(() => loop?.stop());
    const doors = await openDoors(options, apiDependencies(options, clock, store, loop.kernel, xds, metrics), xds);
    closing.push(() => doors.close());
    logger.info({ mesh, ...doors.ports }, 'control plane is open');
    return { ...doors.ports, kernel: loop.kernel, stop: () => closeAll(closing, logger) };
  } catch (error) {
    await closeAll(closing, logger);
    throw error;
  }
}

function running(loop: RunningLoop | undefined): RunningLoop {
  if (loop === undefined) throw new Error('the loop is not running yet');
  return loop;
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

function apiDependencies(
  { mesh, adminTokenFile, logger }: ControlPlaneOptions,
  clock: Clock,
  store: ControlPlaneStore,
  kernel: KernelLoop,
  xds: XdsServer,
  metrics: ControlPlaneMetrics,
): RestDependencies {
  const admission = new Admission({
    ledger: store.ledger,
    revoker: store.keys,
    signingKey: () => store.keyRotation.current,
    config: () => store.config.view.config,
    scene: () => kernel.admissionScene(),
    note: (record) => kernel.noteAdmission(record),
    clock,
    newGrantId: () => randomBytes(16).toString('hex'),
  });
  const edits = new MeshEdits(
    store.config,
    mesh,
    (workload) => admission.isEnrolled(workload),
    (next) => tightGates(kernel.whatIfEdit(next), kernel.admissionScene().caution),
  );
  const admin = new AdminHandlers({
    edits,
    whatIf: new WhatIfHandlers({
      edits,
      admission,
      whatIfEdit: (next) => kernel.whatIfEdit(next),
      caution: () => kernel.admissionScene().caution,
    }),
    actions: new ActionHandlers({ orders: store.orders, view: () => kernel.view(), clock }),
    admission,
    keys: store.keyRotation,
    events: store.events,
    configView: () => store.config.view,
    status: () => ({
      view: kernel.view(),
      xdsNodes: xds.nodes(),
      rollout: xds.rollout(store.config.view.revision),
      wallMs: clock.wallMs(),
    }),
    substrate: () => kernel.substrate(),
    recording: { log: store.kernelLog, frames: store.frames, clock },
    planInput: (config) => kernel.planInput(config),
    clock,
  });
  return {
    admin,
    capacity: new CapacityHandlers(admission),
    authenticator: Authenticator.fromFile(adminTokenFile, (workload, secret) => admission.proves(workload, secret)),
    isReady: store.isReachable,
    logger,
    metrics: metrics.registry,
    publicKeys: () => store.keys.keys(),
  };
}
