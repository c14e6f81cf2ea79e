import type { AdmissionFigures, JudgedShare } from '../../core/admission/admission-figures.ts';
import type { ActionControl } from '../../core/kernel/kernel-io.ts';
import type { LatestOutcome } from '../../core/kernel/latest-outcomes.ts';
import type { EdgeView, MeshView, ServiceView } from '../../core/kernel/mesh-view.ts';
import { vectorToMessage } from '../../platform/mesh-message.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import type {
  AdmissionShare,
  AdmissionStatus,
  ActionControl as ControlMessage,
  EdgeStatus,
  NodeStatus,
  Rollout as RolloutMessage,
  ServiceStatus,
  Status,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { ReplicaSign } from '../leader/replicas.ts';
import { actionMessage, gateStateMessage, STATUS_MESSAGES } from '../loop/event-message.ts';
import type { Rollout } from '../xds/rollouts.ts';
import type { NodeXdsStatus } from '../xds/xds-nodes.ts';

export interface StatusInput {
  readonly view: MeshView;
  readonly xdsNodes: readonly NodeXdsStatus[];
  /** Of the newest configuration; `null` before its plan was published. */
  readonly rollout: Rollout | null;
  readonly wallMs: number;
  readonly replicas: readonly Pick<ReplicaSign, 'replica' | 'epoch'>[];
}

/** What the kernel sees and what the nodes have acknowledged, in one answer. */
export function statusMessage({ view, xdsNodes, rollout, wallMs, replicas }: StatusInput): Status {
  return {
    mesh: view.mesh,
    stability: view.stability,
    at: secondsAndNanos(wallMs),
    nodes: nodeStatuses(view, xdsNodes),
    services: view.services.map(serviceStatus),
    edges: view.edges.map(edgeStatus),
    actions: view.actions.map(actionMessage),
    lastEdit: rollout === null ? undefined : rolloutMessage(rollout, xdsNodes),
    control: controlMessage(view.control, wallMs),
    admission: admissionMessage(view.admission, view.latestOutcomes),
    replicas: replicas.map(({ replica, epoch }) => ({ replica, leads: epoch !== null, epoch: epoch ?? 0 })),
  };
}

const admissionMessage = (figures: AdmissionFigures, latest: readonly LatestOutcome[]): AdmissionStatus => ({
  pending: figures.pending,
  clean: figures.clean,
  falsified: figures.falsified,
  missed: figures.missed,
  precision: shareMessage(figures.precision),
  recall: shareMessage(figures.recall),
  calibrationError: shareMessage(figures.calibration),
  margin: figures.caution.marginRatio,
  coldStartMax: figures.caution.coldStartMax,
  latest: latest.map(({ kind, workload, ratioMax, confidence, ageMs }) => ({
    kind,
    workload,
    ratioMax: ratioMax ?? undefined,
    confidence,
    ageSec: ageMs / 1000,
  })),
});

const shareMessage = ({ value, bound, status }: JudgedShare): AdmissionShare => ({
  value: value ?? undefined,
  bound: bound ?? undefined,
  status: STATUS_MESSAGES[status],
});

/** A pause that is over is none. */
export const controlMessage = ({ safeMode, pausedUntilMs }: ActionControl, wallMs: number): ControlMessage => ({
  safeMode,
  pausedUntil: pausedUntilMs > wallMs ? secondsAndNanos(pausedUntilMs) : undefined,
});

/** A node is known from its frames, its xDS stream, or both. */
function nodeStatuses(view: MeshView, xdsNodes: readonly NodeXdsStatus[]): NodeStatus[] {
  const frames = new Map(view.nodes.map((node) => [node.node, node]));
  const streams = new Map(xdsNodes.map((node) => [node.node, node]));
  return [...new Set([...frames.keys(), ...streams.keys()])].sort().map((node) => {
    const { connected = false, version = '', upToDate = false, appliedAtMs = null } = streams.get(node) ?? {};
    return {
      node,
      connected,
      version,
      upToDate,
      appliedAt: appliedAtMs === null ? undefined : secondsAndNanos(appliedAtMs),
      frameAgeMs: Math.min(Math.round(frames.get(node)?.frameAgeMs ?? FRAME_AGE_MAX), FRAME_AGE_MAX),
      leaseSeq: frames.get(node)?.leaseSeq ?? 0,
    };
  });
}

/** Stands for a node that never sent a frame. */
const FRAME_AGE_MAX = 2 ** 32 - 1;

const serviceStatus = (service: ServiceView): ServiceStatus => ({
  service: service.service,
  gates: gateStateMessage(service.gates),
  capacityRps: service.capacityRps ?? undefined,
  capacityConcurrency: service.capacityConcurrency ?? undefined,
  concurrencyLimit: service.concurrencyLimit,
  controllerMode: service.controllerMode,
  inFlight: service.inFlight,
  baselineLatencyMs: service.baselineLatencyMs,
  goodputRps: service.goodputRps,
});

const edgeStatus = (edge: EdgeView): EdgeStatus => ({
  workload: edge.workload,
  service: edge.service,
  budget: vectorToMessage(edge.budget),
  guaranteeRps: edge.guaranteeRps ?? undefined,
  limitRps: edge.limitRps ?? undefined,
  maxRequests: edge.maxRequests ?? 0,
  offeredRps: edge.offeredRps,
  admittedRps: edge.admittedRps,
  refusedRps: { ...edge.refusedRps },
  goodputRps: edge.goodputRps,
  latencyP50Ms: edge.latencyP50Ms ?? undefined,
  latencyP99Ms: edge.latencyP99Ms ?? undefined,
});

/** A revision published before any node was there is measured by the nodes that have come since. */
function rolloutMessage(rollout: Rollout, xdsNodes: readonly NodeXdsStatus[]): RolloutMessage {
  const connected = xdsNodes.filter((node) => node.connected);
  const isEarly = rollout.nodesTotal === 0;
  const nacks = isEarly ? connected.flatMap((node) => node.nacks) : rollout.nacks;
  return {
    revision: rollout.revision,
    nodesApplied: isEarly ? connected.filter(({ upToDate }) => upToDate).length : rollout.nodesApplied,
    nodesTotal: isEarly ? connected.length : rollout.nodesTotal,
    p50Ms: rollout.p50Ms,
    p99Ms: rollout.p99Ms,
    nacks: nacks.map(({ node, resource, message }) => ({ node, resource, message })),
  };
}
