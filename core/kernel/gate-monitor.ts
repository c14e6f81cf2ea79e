import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { allPass, combineGates } from '../gates/all-pass.ts';
import type { GateState } from '../gates/gate-state.ts';
import type { GateSettings } from '../mesh/mesh-config.ts';
import { DEFAULT_GATES } from '../mesh/mesh-defaults.ts';
import { compareService, JudgeScratch, judgeService, type ServiceVerdicts } from './judge-service.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import type { ServiceState } from './service-state.ts';
import type { SubstrateState } from './substrate-state.ts';

/** What the gates say of one measurement. */
export interface GateResult {
  /** Of the whole system: each gate as in its worst service. */
  readonly gates: GateState;
  readonly services: ReadonlyMap<string, GateState>;
  /** Stable: every gate of every service is PASS or NOT_APPLICABLE. */
  readonly allPass: boolean;
}

/** Judges the four gates by its settings (CONTRACT §G); what is not given has its default. */
export class GateMonitor implements GateSettings {
  /** ε_fit: largest error of the model. */
  readonly fitThreshold: number;
  /** k of k/√N: how far two views of the same thing may differ. */
  readonly gluingK: number;
  /** Lowest frequency that has to be resolved: nothing is judged before 1/f seconds were seen. */
  readonly uvLambda1Hz: number;
  /** Highest frequency allowed; `null` = ρ + σ/τ of each edge. */
  readonly uvLambdaMaxHz: number | null;
  /** ε_iso: largest share of a tenant's latency variance that another may cause. */
  readonly isolationEps: number;
  readonly #scratch = new JudgeScratch();

  constructor(settings: Partial<GateSettings> = {}) {
    const { fitThreshold, gluingK, uvLambda1Hz, uvLambdaMaxHz, isolationEps } = { ...DEFAULT_GATES, ...settings };
    this.fitThreshold = fitThreshold;
    this.gluingK = gluingK;
    this.uvLambda1Hz = uvLambda1Hz;
    this.uvLambdaMaxHz = uvLambdaMaxHz;
    this.isolationEps = isolationEps;
  }

  /** The verdicts of one measurement, without hysteresis. Changes nothing. */
  evaluate(state: SubstrateState, C: CapacityVector): GateResult {
    const metrics = computeCapacityMetrics(state, C, this);
    const services = [...metrics.values()];
    return { gates: combineGates(services), services: metrics, allPass: services.every(allPass) };
  }

  /** What one tick can afford for one service; notes how much the next tick has to look at. */
  judge(service: ServiceState, C: CapacityVector, measured: MeasuredMesh): ServiceVerdicts {
    const { fit, uv, answersNeeded } = judgeService(this, service, C, measured, this.#scratch);
    service.answersNeeded = answersNeeded ?? service.answersNeeded;
    return {
      fit,
      uv,
      ...(measured.inTurn.has(service) ? compareService(this, service, C, measured, this.#scratch) : {}),
    };
  }
}

/** The metrics of every gate and service over their thresholds, which follow `C` and the settings. */
export function computeCapacityMetrics(
  { measured }: SubstrateState,
  C: CapacityVector,
  settings: GateSettings = DEFAULT_GATES,
): ReadonlyMap<string, GateState> {
  const scratch = new JudgeScratch();
  return new Map(
    [...measured.services.values()].map((service) => {
      const { fit, uv } = judgeService(settings, service, C, measured, scratch);
      return [service.service, { fit, uv, ...compareService(settings, service, C, measured, scratch) }];
    }),
  );
}
