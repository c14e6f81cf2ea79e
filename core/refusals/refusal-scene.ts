import type { RefusalReason } from '../admission/refusal-reason.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { ActionView, EdgeView, MeshView, ServiceView } from '../kernel/mesh-view.ts';
import { edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import type { RefusalRecord } from './refusal-record.ts';
import { REFUSING_ACTIONS } from './refusing-actions.ts';

/** What is asked about: a refusal that a sidecar remembers, or one that Envoy made by itself. */
export interface RefusalQuestion {
  readonly reason: RefusalReason;
  readonly workload: string;
  readonly service: string;
  /** `null` = no sidecar knows of one. */
  readonly record: RefusalRecord | null;
}

/** The mesh around a refused call, as it stands when the question is asked. */
export interface RefusalScene {
  readonly mesh: string;
  /** Workloads with a budget for the service. */
  readonly callers: readonly string[];
  /** `null` = no budget line. */
  readonly budget: CapacityVector | null;
  /** `null` = the edge carries no calls. */
  readonly edge: EdgeView | null;
  readonly service: ServiceView | null;
  /** Calls per second of all callers that were admitted lately. */
  readonly admittedRps: number;
  /** Running actions that refuse calls of this edge for this reason. */
  readonly actions: readonly ActionView[];
  /** At least 1. */
  readonly nodeCount: number;
}

/** The part of the mesh that explains a refusal of one edge. */
export function refusalSceneOf(view: MeshView, config: MeshConfig, question: RefusalQuestion): RefusalScene {
  const { workload, service, reason } = question;
  const edges = view.edges.filter((one) => one.service === service);
  const edge = edges.find((one) => one.workload === workload) ?? null;
  const kinds: readonly string[] = REFUSING_ACTIONS[reason] ?? [];
  const targets: readonly (string | undefined)[] = [service, workload, `${workload}/${service}`, edge?.tenant];
  return {
    mesh: config.mesh,
    callers: [...config.budgets.values()].filter((one) => one.service === service).map((one) => one.workload),
    budget: config.budgets.get(edgeKey(workload, service))?.vector ?? null,
    edge,
    service: view.services.find((one) => one.service === service) ?? null,
    admittedRps: edges.reduce((sum, one) => sum + one.admittedRps, 0),
    actions: view.actions.filter(
      (one) => one.service === service && !one.shadow && kinds.includes(one.kind) && targets.includes(one.target),
    ),
    nodeCount: Math.max(1, view.nodes.length),
  };
}
