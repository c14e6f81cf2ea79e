import { scaleRequestsOf } from '../../core/kernel/scale-requests.ts';
import type { SubstrateView } from '../../core/kernel/substrate-view.ts';
import type { Clock } from '../../platform/clock.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import type {
  ActionControl,
  ApplyRequest,
  ApplyResponse,
  CancelActionRequest,
  CancelActionResponse,
  DeleteBudgetRequest,
  DeleteRequest,
  DeleteResponse,
  EnrolRequest,
  EnrolResponse,
  ExplainRequest,
  ExplainResponse,
  KeyList,
  RecordedText,
  RecordRequest,
  RevokeTokenRequest,
  RevokeTokenResponse,
  RevokeWorkloadRequest,
  RevokeWorkloadResponse,
  ScaleRequests,
  SetActionControlRequest,
  SetBudgetRequest,
  SetBudgetResponse,
  Status,
  Substrate,
  WatchEventsRequest,
  WhatIfRequest,
  WhatIfResponse,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { Mesh } from '../../proto/gen/capmesh/v1/mesh.ts';
import type { Admission } from '../admission/admission.ts';
import type { ConfigView } from '../state/config-view.ts';
import type { EventWatch } from '../state/event-store.ts';
import type { KeyRotation } from '../state/key-rotation.ts';
import type { ActionHandlers } from './action-handlers.ts';
import { ApiError } from './api-error.ts';
import type { EventHandlers } from './event-handlers.ts';
import type { ExplainHandlers } from './explain-handlers.ts';
import { keyListMessage } from './key-list-message.ts';
import { type MeshEdits, revisionsOf } from './mesh-edits.ts';
import { type RecordingSource, recordingStream } from './recording-stream.ts';
import { notDeclared, refuseInvalid } from './refuse-request.ts';
import { type StatusInput, statusMessage } from './status-message.ts';
import { substrateMessage } from './substrate-message.ts';
import type { WhatIfHandlers } from './what-if-handlers.ts';

export interface AdminDependencies {
  readonly edits: MeshEdits;
  readonly whatIf: WhatIfHandlers;
  readonly actions: ActionHandlers;
  readonly admission: Admission;
  readonly keys: Pick<KeyRotation, 'list' | 'rotate'>;
  readonly events: EventHandlers;
  readonly configView: () => ConfigView;
  readonly status: () => StatusInput;
  readonly substrate: () => SubstrateView;
  readonly recording: RecordingSource;
  readonly explain: ExplainHandlers;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** What operators can ask; both doors come here, after the admin token was checked. */
export class AdminHandlers {
  readonly #deps: AdminDependencies;

  constructor(dependencies: AdminDependencies) {
    this.#deps = dependencies;
  }

  apply(request: ApplyRequest): Promise<ApplyResponse> {
    return this.#deps.edits.apply(request);
  }

  whatIf(request: WhatIfRequest): WhatIfResponse {
    return this.#deps.whatIf.ask(request);
  }

  getMesh(): Mesh {
    const view = this.#deps.configView();
    return meshToMessage(view.config, revisionsOf(view));
  }

  /** Changes with every edit. */
  get revision(): number {
    return this.#deps.configView().revision;
  }

  setBudget(request: SetBudgetRequest): Promise<SetBudgetResponse> {
    return this.#deps.edits.setBudget(request);
  }

  async deleteService(request: DeleteRequest): Promise<DeleteResponse> {
    refuseInvalid('capmesh.v1.DeleteRequest', request);
    return await this.#deps.edits.delete(`services.${request.name}`, request.expectedRevision);
  }

  async deleteWorkload(request: DeleteRequest): Promise<DeleteResponse> {
    refuseInvalid('capmesh.v1.DeleteRequest', request);
    return await this.#deps.edits.delete(`workloads.${request.name}`, request.expectedRevision);
  }

  async deleteBudget(request: DeleteBudgetRequest): Promise<DeleteResponse> {
    refuseInvalid('capmesh.v1.DeleteBudgetRequest', request);
    return await this.#deps.edits.delete(`budgets.${request.workload}.${request.service}`, request.expectedRevision);
  }

  async enrol(request: EnrolRequest): Promise<EnrolResponse> {
    refuseInvalid('capmesh.v1.EnrolRequest', request);
    const secret = await this.#deps.admission.enrol(request.workload);
    if (secret === null) throw notDeclared(request.workload);
    return { secret };
  }

  async revokeWorkload(request: RevokeWorkloadRequest): Promise<RevokeWorkloadResponse> {
    refuseInvalid('capmesh.v1.RevokeWorkloadRequest', request);
    return { generation: await this.#deps.admission.revoke(request.workload) };
  }

  async revokeToken(request: RevokeTokenRequest): Promise<RevokeTokenResponse> {
    refuseInvalid('capmesh.v1.RevokeTokenRequest', request);
    const revoked = await this.#deps.admission.revokeGrant(request.grantId);
    if (revoked === null) throw new ApiError('not-found', `no account holds a live grant ${request.grantId}`);
    return { workload: revoked.workload, expiresAt: secondsAndNanos(revoked.expiresAtMs) };
  }

  listKeys(): KeyList {
    return keyListMessage(this.#deps.keys.list());
  }

  async rotateKey(): Promise<KeyList> {
    if (!(await this.#deps.keys.rotate())) {
      throw new ApiError(
        'busy',
        'too many keys are still good for tokens they signed; "capmesh keys list" says until when',
      );
    }
    return this.listKeys();
  }

  setActionControl(request: SetActionControlRequest): Promise<ActionControl> {
    return this.#deps.actions.setControl(request);
  }

  cancelAction(request: CancelActionRequest): Promise<CancelActionResponse> {
    return this.#deps.actions.cancel(request);
  }

  getStatus(): Status {
    return statusMessage(this.#deps.status());
  }

  getScale(): ScaleRequests {
    const requests = scaleRequestsOf(this.#deps.status().view).map(({ sinceMs, currentCapacityRps, ...request }) => ({
      ...request,
      currentCapacityRps: currentCapacityRps ?? undefined,
      since: secondsAndNanos(sinceMs),
    }));
    return { requests };
  }

  getSubstrate(): Substrate {
    return substrateMessage(this.#deps.substrate(), this.#deps.clock.wallMs());
  }

  explain(request: ExplainRequest): Promise<ExplainResponse> {
    return this.#deps.explain.explain(request);
  }

  watchEvents(request: WatchEventsRequest, signal: AbortSignal): Promise<EventWatch> {
    return this.#deps.events.watch(request, signal);
  }

  record(request: RecordRequest): AsyncIterable<RecordedText> {
    refuseInvalid('capmesh.v1.RecordRequest', request);
    return recordingStream(this.#deps.recording, request.sinceMs);
  }
}
