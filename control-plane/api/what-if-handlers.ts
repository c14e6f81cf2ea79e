import type { AdmissionCaution } from '../../core/admission/admission-caution.ts';
import type { GateForecast } from '../../core/admission/gate-forecast.ts';
import { isTight, tightGates } from '../../core/admission/tight-gates.ts';
import type { ServiceForecast } from '../../core/admission/what-if.ts';
import { GATES } from '../../core/gates/gate-state.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { problemTexts } from '../../core/problem.ts';
import { vectorFromMessage, vectorToMessage } from '../../platform/mesh-message.ts';
import type {
  GateForecast as GateForecastMessage,
  ServiceForecast as ServiceForecastMessage,
  WhatIfRequest,
  WhatIfResponse,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityVector } from '../../proto/gen/capmesh/v1/capacity.ts';
import type { Mesh } from '../../proto/gen/capmesh/v1/mesh.ts';
import type { Admission } from '../admission/admission.ts';
import { STATUS_MESSAGES, verdictMessage } from '../loop/event-message.ts';
import { invalid } from './api-error.ts';
import type { MeshEdits } from './mesh-edits.ts';
import { notDeclared, refuseInvalid } from './refuse-request.ts';

export interface WhatIfDependencies {
  readonly edits: Pick<MeshEdits, 'preview'>;
  readonly admission: Pick<Admission, 'assess'>;
  readonly whatIfEdit: (next: MeshConfig) => readonly ServiceForecast[];
  readonly caution: () => AdmissionCaution;
}

/** What would become of the gates; both doors come here. Stores nothing. */
export class WhatIfHandlers {
  readonly #deps: WhatIfDependencies;

  constructor(dependencies: WhatIfDependencies) {
    this.#deps = dependencies;
  }

  ask(request: WhatIfRequest): WhatIfResponse {
    refuseInvalid('capmesh.v1.WhatIfRequest', request);
    const { mesh, workload } = request;
    if ((mesh === undefined) === (workload === '')) {
      throw invalid([{ path: 'workload', message: 'ask either about a mesh or about a workload' }]);
    }
    return mesh === undefined ? this.#ofGrant(workload, request.capacityVector) : this.#ofMesh(mesh, request.prune);
  }

  #ofMesh(mesh: Mesh, prune: boolean): WhatIfResponse {
    const checked = this.#deps.edits.preview(mesh, prune);
    if (!checked.ok) return { ...NOTHING, problems: [...checked.problems] };
    const services = this.#deps.whatIfEdit(checked.value);
    const caution = this.#deps.caution();
    const tight = services.flatMap(({ gates }) => gates.filter((gate) => isTight(gate, caution)));
    return {
      ...NOTHING,
      admitted: tight.length === 0,
      conditional: isConditional(services),
      gatesFailed: GATES.filter((gate) => tight.some((one) => one.gate === gate)),
      message: problemTexts(tightGates(services, caution)).join('; '),
      services: services.map(serviceMessage),
    };
  }

  #ofGrant(workload: string, vector: CapacityVector | undefined): WhatIfResponse {
    const assessment = this.#deps.admission.assess(workload, vectorFromMessage(vector));
    if (assessment === null) throw notDeclared(workload);
    const { decision, services } = assessment;
    const told = { ...NOTHING, conditional: isConditional(services), services: services.map(serviceMessage) };
    if (decision.admitted) return { ...told, admitted: true };
    return {
      ...told,
      gatesFailed: [...decision.gatesFailed],
      bindingAxes: [...decision.bindingAxes],
      available: vectorToMessage(decision.available),
      message: decision.message,
    };
  }
}

const NOTHING: WhatIfResponse = {
  problems: [],
  admitted: false,
  conditional: false,
  gatesFailed: [],
  bindingAxes: [],
  available: undefined,
  message: '',
  services: [],
};

/** Some gate cannot be judged, or fails already, so that nothing is predicted of it. */
const isConditional = (services: readonly ServiceForecast[]): boolean =>
  services.length === 0 ||
  services.some(({ gates }) => gates.some(({ status, now }) => status === 'UNKNOWN' || now.status === 'FAIL'));

const serviceMessage = ({ service, nowRps, thenRps, capacityRps, gates }: ServiceForecast): ServiceForecastMessage => ({
  service,
  nowRps,
  thenRps,
  capacityRps: capacityRps ?? undefined,
  gates: gates.map(gateMessage),
});

const gateMessage = ({ gate, now, status, ratio, reason, worst }: GateForecast): GateForecastMessage => ({
  gate,
  now: verdictMessage(now),
  status: STATUS_MESSAGES[status],
  ratio: ratio ?? undefined,
  reason,
  worst,
});
