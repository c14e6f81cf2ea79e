import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import type { GateState, GateStatus, GateVerdict } from '../../core/gates/gate-state.ts';
import type { CapacityEventRecord } from '../../core/kernel/kernel-io.ts';
import type { ActionView } from '../../core/kernel/mesh-view.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import type { CapacityVector as CapacityVectorMessage } from '../../proto/gen/capmesh/v1/capacity.ts';
import type { CapacityEvent, StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import {
  type GateState as GateStateMessage,
  GateStatus as GateStatusMessage,
  type GateVerdict as GateVerdictMessage,
} from '../../proto/gen/capmesh/v1/gates.ts';

export const STATUS_MESSAGES: Readonly<Record<GateStatus, GateStatusMessage>> = {
  PASS: GateStatusMessage.GATE_STATUS_PASS,
  FAIL: GateStatusMessage.GATE_STATUS_FAIL,
  UNKNOWN: GateStatusMessage.GATE_STATUS_UNKNOWN,
  NOT_APPLICABLE: GateStatusMessage.GATE_STATUS_NOT_APPLICABLE,
};

/** The kernel's event as `capmesh.v1.CapacityEvent`. */
export function eventMessage(record: CapacityEventRecord): CapacityEvent {
  return {
    workloadId: record.workloadId,
    allocated: vectorMessage(record.allocated),
    consumed: vectorMessage(record.consumed),
    gates: gateStateMessage(record.gates),
    actionTaken: record.action === null ? undefined : actionMessage({ ...record.action, service: record.service }),
    timestamp: secondsAndNanos(record.wallMs),
    sequence: 0,
    id: '',
    service: record.service,
    kind: record.kind,
    message: record.message,
  };
}

export function gateStateMessage(gates: GateState): GateStateMessage {
  return {
    fit: verdictMessage(gates.fit),
    gluing: verdictMessage(gates.gluing),
    uv: verdictMessage(gates.uv),
    isolation: verdictMessage(gates.isolation),
  };
}

export function actionMessage(action: ActionView): StabilityAction {
  const { startedAtMs, expiresAtMs, ...rest } = action;
  return { ...rest, startedAt: secondsAndNanos(startedAtMs), expiresAt: secondsAndNanos(expiresAtMs) };
}

export function verdictMessage({ status, ratio, reason, worst, evidence }: GateVerdict): GateVerdictMessage {
  return { status: STATUS_MESSAGES[status], ratio: ratio ?? undefined, reason, worst, evidence: { ...evidence } };
}

function vectorMessage({ geo, int, gauge, ptr, obs }: CapacityVector): CapacityVectorMessage {
  return {
    cGeo: geo ?? undefined,
    cInt: int ?? undefined,
    cGauge: gauge ?? undefined,
    cPtr: ptr ?? undefined,
    cObs: obs ?? undefined,
  };
}
