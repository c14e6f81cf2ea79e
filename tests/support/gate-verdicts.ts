import type { Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { GateStatus, type GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';

const GATES = ['fit', 'gluing', 'uv', 'isolation'] as const;

/** The verdicts on one service, always in the same order. */
export function verdictsOf(status: Status, service: string): GateVerdict[] {
  const gates = status.services.find((each) => each.service === service)?.gates;
  return GATES.flatMap((gate) => gates?.[gate] ?? []);
}

/** Gates that are not judged on data of now: unknown, held while nothing is known, or from before a restart. */
export function staleGates(status: Status, service: string): string[] {
  const verdicts = verdictsOf(status, service);
  return GATES.filter((_, i) => !isFresh(verdicts[i]));
}

const isFresh = (verdict: GateVerdict | undefined): boolean =>
  (verdict?.status === GateStatus.GATE_STATUS_PASS || verdict?.status === GateStatus.GATE_STATUS_NOT_APPLICABLE) &&
  verdict.evidence.heldForSec === undefined &&
  verdict.evidence.restoredAgeSec === undefined;
