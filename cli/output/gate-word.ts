import { type GateState, GateStatus, type GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';

const WORDS: Readonly<Record<number, string>> = {
  [GateStatus.GATE_STATUS_PASS]: 'PASS',
  [GateStatus.GATE_STATUS_FAIL]: 'FAIL',
  [GateStatus.GATE_STATUS_UNKNOWN]: 'UNKNOWN',
  [GateStatus.GATE_STATUS_NOT_APPLICABLE]: 'N/A',
};

/** A verdict in one word; no verdict is UNKNOWN, never healthy. */
export function gateWord(verdict: GateVerdict | undefined): string {
  return statusWord(verdict?.status ?? GateStatus.GATE_STATUS_UNKNOWN);
}

export const statusWord = (status: GateStatus): string => WORDS[status] ?? 'UNKNOWN';

export const GATE_NAMES = ['fit', 'gluing', 'uv', 'isolation'] as const;

/** The four verdicts by name, in their order. */
export function verdicts(gates: GateState | undefined): [string, GateVerdict | undefined][] {
  return GATE_NAMES.map((name) => [name, gates?.[name]]);
}
