import { isRefusalReason, REFUSAL_REASONS } from '../../core/admission/refusal-reason.ts';
import type { PlanInput } from '../../core/allocators/plan-input.ts';
import { explainEdge } from '../../core/capacity/explain-edge.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Problem } from '../../core/problem.ts';
import { explainRefusal } from '../../core/refusals/explain-refusal.ts';
import type { RefusalRecord } from '../../core/refusals/refusal-record.ts';
import { type RefusalQuestion, refusalSceneOf } from '../../core/refusals/refusal-scene.ts';
import { millisecondsOf } from '../../platform/protobuf-time.ts';
import type { ExplainRequest, ExplainResponse } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type {
  RefusalRecord as RecordMessage,
  RefusalAnswer,
  RefusalQuery,
} from '../../proto/gen/capmesh/v1/refusal.ts';
import { invalid } from './api-error.ts';
import { refuseInvalid } from './refuse-request.ts';

export interface ExplainDependencies {
  readonly config: () => MeshConfig;
  readonly planInput: (config: MeshConfig) => PlanInput;
  readonly view: () => MeshView;
  /** Asks every sidecar about refusals that it remembers. */
  readonly ask: (query: RefusalQuery) => Promise<RefusalAnswer[]>;
}

/** Envoy's own refusals carry the request's id, a UUID, and no sidecar knows of them. */
const ENVOY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i;

/** Explains edges and refused calls. */
export class ExplainHandlers {
  readonly #deps: ExplainDependencies;

  constructor(dependencies: ExplainDependencies) {
    this.#deps = dependencies;
  }

  async explain(request: ExplainRequest): Promise<ExplainResponse> {
    refuseInvalid('capmesh.v1.ExplainRequest', request);
    if (request.refusalId !== '') return this.#explainId(request.refusalId);
    const problems = missingParts(request);
    if (problems.length > 0) throw invalid(problems);
    return request.reason === '' ? this.#explainEdge(request) : this.#explainNewest(request);
  }

  #explainEdge({ workload, service }: ExplainRequest): ExplainResponse {
    const explained = explainEdge(this.#deps.planInput(this.#deps.config()), workload, service);
    return explained.ok ? answered({ steps: explained.value }) : answered({ problems: [...explained.problems] });
  }

  async #explainId(id: string): Promise<ExplainResponse> {
    if (ENVOY_ID.test(id)) return unknown('refusalId', `${id} was given by Envoy, which remembers nothing of it`);
    const answers = await this.#deps.ask({ id, workload: '', service: '', reason: '' });
    const record = answers.find((answer) => answer.record !== undefined)?.record;
    if (record !== undefined) return this.#explained(record);
    const forgotten = answers.find((answer) => answer.forgotten);
    if (forgotten === undefined) {
      return unknown(
        'refusalId',
        `none of the ${answers.length} sidecars that answered knows ${id}: it is of an earlier run, or of none`,
      );
    }
    return unknown('refusalId', `${id} is too old: its sidecar remembers its latest ${forgotten.keptMax} refusals`);
  }

  async #explainNewest({ workload, service, reason }: ExplainRequest): Promise<ExplainResponse> {
    const answers = await this.#deps.ask({ id: '', workload, service, reason });
    const known = answers.flatMap(({ record }) => (record === undefined ? [] : [record]));
    const [newest] = known.sort((a, b) => timeMs(b.at) - timeMs(a.at));
    return newest === undefined ? this.#answer({ workload, service, reason, record: null }) : this.#explained(newest);
  }

  #explained(message: RecordMessage): ExplainResponse {
    const { workload, service, reason } = message;
    return this.#answer({ workload, service, reason, record: recordOf(message) }, message);
  }

  #answer(
    asked: Omit<RefusalQuestion, 'reason'> & { readonly reason: string },
    record?: RecordMessage,
  ): ExplainResponse {
    const { reason } = asked;
    if (!isRefusalReason(reason)) return unknown('reason', `${reason} is none that this version knows`);
    const question = { ...asked, reason };
    const explained = explainRefusal(question, refusalSceneOf(this.#deps.view(), this.#deps.config(), question));
    return answered({
      refusal: { ...explained, limit: explained.limit ?? undefined, used: explained.used ?? undefined, record },
    });
  }
}

const answered = (part: Partial<ExplainResponse>): ExplainResponse => ({
  problems: [],
  steps: [],
  refusal: undefined,
  ...part,
});

const unknown = (path: string, message: string): ExplainResponse => answered({ problems: [{ path, message }] });

function missingParts({ workload, service, reason }: ExplainRequest): Problem[] {
  const message = 'is needed, or the id of a refusal';
  return [
    ...(workload === '' ? [{ path: 'workload', message }] : []),
    ...(service === '' ? [{ path: 'service', message }] : []),
    ...(reason === '' || isRefusalReason(reason)
      ? []
      : [{ path: 'reason', message: `must be one of ${REFUSAL_REASONS.join(', ')}` }]),
  ];
}

const timeMs = (time: RecordMessage['at']): number => (time === undefined ? 0 : millisecondsOf(time));

function recordOf(message: RecordMessage): RefusalRecord {
  const { token } = message;
  return {
    ...message,
    reason: message.reason as RefusalRecord['reason'],
    atMs: timeMs(message.at),
    token: token && { ...token, notBeforeMs: timeMs(token.notBefore), expiresAtMs: timeMs(token.expiresAt) },
  };
}
