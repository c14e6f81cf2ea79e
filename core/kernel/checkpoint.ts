import { EdgeLeases } from '../allocators/edge-leases.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import { EdgeWindow } from '../substrate/edge-window.ts';
import { LatencyModel } from '../substrate/latency-model.ts';
import { NodeTelemetry } from '../substrate/node-telemetry.ts';
import {
  fromPlain,
  isRecord,
  type Plain,
  type PlainClass,
  PlainValueError,
  toPlain,
} from '../substrate/plain-value.ts';
import { EdgeSums } from '../substrate/window-sums.ts';
import { EdgeModel } from './edge-model.ts';
import { createEdgeState, type EdgeState } from './edge-state.ts';
import { EdgeViews } from './edge-views.ts';
import { createKernel, type KernelState } from './kernel-state.ts';
import { NodeEdges } from './node-edges.ts';
import { ServiceEdges } from './service-edges.ts';
import { createServiceState, type ServiceState } from './service-state.ts';
import { TenantState } from './tenant-state.ts';

/** Changes whenever the same fields mean something else; fields that are new start as in a new kernel. */
export const CHECKPOINT_VERSION = 3;

/** Everything that a kernel remembers, as JSON can hold it. */
export interface KernelCheckpoint {
  readonly version: number;
  /**
   * full: a kernel made from it goes on as if nothing had happened. learned:
   * without the last minute of the edges and the counters of the nodes, for
   * meshes where these are too large to be written every few seconds.
   */
  readonly detail: CheckpointDetail;
  readonly state: Plain;
}

export type CheckpointDetail = 'full' | 'learned';

/** A kernel, or what is wrong with the checkpoint. */
export type RestoredKernel =
  | { readonly ok: true; readonly state: KernelState }
  | { readonly ok: false; readonly problem: string };

const CLASSES: readonly PlainClass[] = [
  EdgeLeases,
  EdgeModel,
  EdgeSums,
  EdgeWindow,
  EdgeViews,
  LatencyModel,
  NodeEdges,
  NodeTelemetry,
  TenantState,
];

/** What a kernel remembers now. Changes nothing. */
export function checkpointOf(state: KernelState, detail: CheckpointDetail = 'full'): KernelCheckpoint {
  const kept = detail === 'full' ? state : learnedPart(state);
  return { version: CHECKPOINT_VERSION, detail, state: toPlain(kept, CLASSES) };
}

/**
 * The kernel that a checkpoint was made of. Its time goes on where the checkpoint
 * stands: events that follow carry `nowMs` of the same time line. Whatever is not
 * a checkpoint of this version is refused as a whole.
 *
 * @param epoch of the leader that owns the kernel now
 */
export function restoreKernel(checkpoint: unknown, epoch?: number): RestoredKernel {
  if (!isRecord(checkpoint)) return { ok: false, problem: 'it is not an object' };
  const { version, state } = checkpoint;
  if (version !== CHECKPOINT_VERSION) return { ok: false, problem: `version ${String(version)} is not known` };
  if (!isRecord(state)) return { ok: false, problem: 'it has no state' };
  try {
    const told = adopt(createKernel(), fromPlain(state as Plain, CLASSES), 'state');
    const services = adoptEntries(told.services, 'services', (name, service) => adoptService(name, service));
    return { ok: true, state: { ...told, services, epoch: epoch ?? told.epoch } };
  } catch (error) {
    if (error instanceof PlainValueError) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Learned figures, verdicts and actions; frames bring the rest again. */
function learnedPart(state: KernelState): KernelState {
  const services = [...state.services].map(([name, service]): [string, ServiceState] => {
    const edges = [...service.edges].map(([key, edge]): [typeof key, EdgeState] => [
      key,
      { ...edge, window: new EdgeWindow(), sums: new EdgeSums(), views: null, arrived: null, newest: null },
    ]);
    return [name, { ...service, edges: ServiceEdges.of(edges) }];
  });
  return { ...state, services: new Map(services), nodes: new Map(), plan: null, published: null };
}

function adoptService(name: string, told: unknown): ServiceState {
  const service = adopt({ ...createServiceState(name, 0), edges: new Map<EdgeKey, EdgeState>() }, told, name);
  const edges = adoptEntries(service.edges, name, (key, edge) => adopt(createEdgeState(key, '', name), edge, key));
  return { ...service, edges: ServiceEdges.of(edges) };
}

function adoptEntries<K, V>(entries: ReadonlyMap<K, V>, path: string, adoptEntry: (key: K, told: V) => V): Map<K, V> {
  return new Map(
    [...entries].map(([key, told]) => {
      if (typeof key !== 'string') throw new PlainValueError(`${path}: a name is missing`);
      return [key, adoptEntry(key, told)];
    }),
  );
}

/** What was told, checked against what a new one looks like; what was not told stays new. */
function adopt<T>(fresh: T, told: unknown, path: string): T {
  if (told === undefined) return fresh;
  if (told === null || fresh === null || fresh === undefined) return told as T;
  if (kindOf(fresh) !== kindOf(told)) {
    throw new PlainValueError(`${path} is a ${kindOf(told)}, not a ${kindOf(fresh)}`);
  }
  if (!isRecord(fresh) || !isRecord(told)) return told as T;
  const names = [...new Set([...Object.keys(fresh), ...Object.keys(told)])];
  return Object.fromEntries(names.map((name) => [name, adopt(fresh[name], told[name], `${path}.${name}`)])) as T;
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'object') : typeof value;
}
