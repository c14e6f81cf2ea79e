import { INITIAL_OVERLOAD_STATE, stepOverload } from '../../core/stability/overload-controller.ts';
import type { GoldenCase } from './golden-file.ts';

/** Transcripts of the overload control law over simulated services: what it saw in each tick and what it decided. */
export const CONTROL_OPERATIONS: Readonly<Record<string, (input: GoldenCase['input']) => unknown>> = {
  'overload-controller': goldenTranscript,
};

export const CONTROL_SCHEMA = 'capmesh-control/1';

function goldenTranscript(input: GoldenCase['input']): number[][] {
  const durationSec = Number(input.durationSec);
  const ticks = Array.isArray(input.ticks) ? input.ticks : [];
  let state = INITIAL_OVERLOAD_STATE;
  return ticks.map((tick: readonly number[]) => {
    const [offered = 0, refused = 0, answers = 0, latencySumSec = 0, timeouts = 0, inFlight = 0, p10Sec = 0] = tick;
    state = stepOverload(state, { durationSec, offered, refused, answers, latencySumSec, timeouts, inFlight, p10Sec });
    return [state.limit, state.mode === 'trim' ? 1 : 0, state.baselineSec, state.capacityRps, state.evidence];
  });
}
