import type { Problem } from '../problem.ts';
import type { AdmissionCaution } from './admission-caution.ts';
import type { GateForecast } from './gate-forecast.ts';
import type { ServiceForecast } from './what-if.ts';

/** Whether a gate that passes now would come too close to its threshold, or above it. */
export const isTight = ({ now, ratio }: GateForecast, { marginRatio }: AdmissionCaution): boolean =>
  now.status === 'PASS' && !((ratio ?? 0) <= 1 - marginRatio);

/** Every gate that a change would bring too close to its threshold, as an operator is told it. */
export function tightGates(services: readonly ServiceForecast[], caution: AdmissionCaution): Problem[] {
  return services.flatMap(({ service, thenRps, gates }) =>
    gates
      .filter((gate) => isTight(gate, caution))
      .map(({ gate, now, ratio }) => ({
        path: `services.${service}`,
        message:
          `${gate} would come to ${(ratio ?? 0).toFixed(2)} of its threshold (now ${(now.ratio ?? 0).toFixed(2)}) ` +
          `with ${Math.round(thenRps)} calls/s; at most ${Number((1 - caution.marginRatio).toFixed(2))} is safe`,
      })),
  );
}
