import type { ActionControl } from '../../core/kernel/kernel-io.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import type { Problem } from '../../core/problem.ts';
import type { Clock } from '../../platform/clock.ts';
import { millisecondsOf } from '../../platform/protobuf-time.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import type {
  ActionControl as ActionControlMessage,
  CancelActionRequest,
  CancelActionResponse,
  SetActionControlRequest,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import { actionMessage } from '../loop/event-message.ts';
import { CANCELLED_MAX, type OrderStore } from '../state/order-store.ts';
import { ApiError, invalid } from './api-error.ts';
import { controlMessage } from './status-message.ts';

export interface ActionDependencies {
  readonly orders: Pick<OrderStore, 'update'>;
  readonly view: () => Pick<MeshView, 'actions'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** What operators order about actions. An order that was answered is stored, and the kernel knows it. */
export class ActionHandlers {
  readonly #deps: ActionDependencies;

  constructor(dependencies: ActionDependencies) {
    this.#deps = dependencies;
  }

  async setControl(request: SetActionControlRequest): Promise<ActionControlMessage> {
    const problems = [...validateMessage('capmesh.v1.SetActionControlRequest', request), ...contradictions(request)];
    if (problems.length > 0) throw invalid(problems);
    const wallMs = this.#deps.clock.wallMs();
    const { control } = await this.#deps.orders.update((orders) => ({
      ...orders,
      control: changedControl(orders.control, request, wallMs),
    }));
    return controlMessage(control, wallMs);
  }

  async cancel(request: CancelActionRequest): Promise<CancelActionResponse> {
    const { id } = request;
    const problems = validateMessage('capmesh.v1.CancelActionRequest', request);
    if (problems.length > 0) throw invalid(problems);
    const action = this.#deps.view().actions.find((running) => running.id === id);
    if (action === undefined) throw noSuchAction(id);
    await this.#deps.orders.update((orders) => ({
      ...orders,
      cancelled: [...orders.cancelled.filter((known) => known !== id), id].slice(-CANCELLED_MAX),
    }));
    return { action: actionMessage(action) };
  }
}

function contradictions({ safeMode, pauseFor, resume }: SetActionControlRequest): Problem[] {
  if (resume && pauseFor !== undefined) return [{ path: 'resume', message: 'cannot go together with pauseFor' }];
  if (resume || pauseFor !== undefined || safeMode !== undefined) return [];
  return [{ path: 'safeMode', message: 'nothing is asked for: set safeMode, pauseFor or resume' }];
}

function changedControl(before: ActionControl, request: SetActionControlRequest, wallMs: number): ActionControl {
  const { safeMode = before.safeMode, pauseFor, resume } = request;
  if (resume) return { safeMode, pausedUntilMs: 0 };
  return { safeMode, pausedUntilMs: pauseFor === undefined ? before.pausedUntilMs : wallMs + millisecondsOf(pauseFor) };
}

function noSuchAction(id: string): ApiError {
  const message = `no action "${id}" is running`;
  return new ApiError('not-found', `id: ${message}`, [{ path: 'id', message }]);
}
