import type { GateState, GateVerdict } from './gate-state.ts';
import { combine } from './verdict.ts';

/** The core principle: a system is stable if and only if every gate is PASS or NOT_APPLICABLE (CONTRACT §G). */
export const allPass = (gates: GateState): boolean =>
  passes(gates.fit) && passes(gates.gluing) && passes(gates.uv) && passes(gates.isolation);

const passes = ({ status }: GateVerdict): boolean => status === 'PASS' || status === 'NOT_APPLICABLE';

/** The gates of a system by those of its parts: each is as bad as in its worst part. */
export const combineGates = (parts: readonly GateState[]): GateState => ({
  fit: combine(parts.map(({ fit }) => fit)),
  gluing: combine(parts.map(({ gluing }) => gluing)),
  uv: combine(parts.map(({ uv }) => uv)),
  isolation: combine(parts.map(({ isolation }) => isolation)),
});
