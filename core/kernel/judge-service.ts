import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { GateName, GateVerdict } from '../gates/gate-state.ts';
import type { GateSettings } from '../mesh/mesh-config.ts';
import { FitScratch, type JudgedFit, judgeFit } from './judge-fit.ts';
import { judgeGluing } from './judge-gluing.ts';
import { judgeIsolation } from './judge-isolation.ts';
import { judgeUv, UvScratch } from './judge-uv.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import { ScratchList } from './scratch-list.ts';
import type { ServiceState } from './service-state.ts';
import { TicksScratch } from './tenant-state.ts';

/** Gates that were judged in this tick. */
export type ServiceVerdicts = Partial<Record<GateName, GateVerdict>>;

/** The gates that are judged in every tick. */
export interface JudgedService extends JudgedFit {
  readonly uv: GateVerdict;
}

/** What the gates of one service after the other are handed. */
export class JudgeScratch {
  readonly fit = new FitScratch();
  readonly uv = new UvScratch();
  readonly ticks = new ScratchList(() => new TicksScratch());
}

/**
 * Fit and UV of one service over its windows, before hysteresis.
 *
 * @param live C of the scope, which thresholds follow
 */
export function judgeService(
  settings: GateSettings,
  service: ServiceState,
  live: CapacityVector,
  measured: MeasuredMesh,
  scratch: JudgeScratch,
): JudgedService {
  const { fit, answersNeeded } = judgeFit(settings.fitThreshold, service, measured, live.geo, scratch.fit);
  return { fit, answersNeeded, uv: judgeUv(settings, service, measured, live.int ?? 1, scratch.uv) };
}

/** Gluing and isolation of one service: in a large mesh services take turns. */
export function compareService(
  settings: GateSettings,
  service: ServiceState,
  live: CapacityVector,
  { lag, plans }: MeasuredMesh,
  scratch: JudgeScratch,
): { readonly gluing: GateVerdict; readonly isolation: GateVerdict } {
  return {
    gluing: judgeGluing({ edges: service.edges.budgeted, lag, k: settings.gluingK, geo: live.geo }),
    isolation: judgeIsolation(settings.isolationEps, service, plans.get(service.service), live, scratch.ticks),
  };
}
