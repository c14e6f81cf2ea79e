import { REFUSING_ACTIONS } from '../../core/refusals/refusing-actions.ts';
import type { EdgeStatus, Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import type { GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';
import { gateWord, verdicts } from '../output/gate-word.ts';
import { type ToldActions, verdictOf } from './told-actions.ts';
import type { FailingGate, Refusal, Why } from './why.ts';

/** What is asked about. */
export type Subject =
  | { readonly kind: 'mesh' }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'action'; readonly id: string };

/** What a word names: a service of the mesh, an action that runs or that the events tell of, or nothing. */
export function subjectOf(word: string, status: Status, told: ToldActions): Subject | null {
  if (status.services.some(({ service }) => service === word)) return { kind: 'service', service: word };
  const isAction = status.actions.some(({ id }) => id === word) || told.find(word) !== undefined;
  return isAction ? { kind: 'action', id: word } : null;
}

/** Puts together what is so now and what the events tell of a while before. */
export function collectWhy(subject: Subject, status: Status, told: ToldActions): Why {
  const isMeant = ({ service, id }: Pick<StabilityAction, 'service' | 'id'>): boolean =>
    subject.kind === 'mesh' || (subject.kind === 'service' ? service === subject.service : id === subject.id);
  const actions = status.actions.filter(isMeant).map((action) => ({
    action,
    verdict: told.find(action.id)?.verdict ?? verdictNow(status, action),
    endedAt: undefined,
  }));
  const running = new Set(status.actions.map(({ id }) => id));
  const ended = told
    .all()
    .filter(({ action }) => isMeant(action) && !running.has(action.id))
    .reverse();
  const services = [...new Set([...actions, ...ended].map(({ action }) => action.service))];
  const control = status.control;
  if (subject.kind === 'action') return { services, control, actions, ended, refusals: [], unanswered: [] };
  const meant = status.services.map(({ service }) => service).filter((service) => isMeant({ service, id: '' }));
  return {
    services: meant,
    control,
    actions,
    ended,
    refusals: status.edges.filter(({ service }) => meant.includes(service)).flatMap((edge) => refusals(edge, status)),
    unanswered: status.services
      .filter(({ service }) => meant.includes(service))
      .flatMap((each) => unanswered(each, status)),
  };
}

const verdictNow = ({ services }: Status, { service, gate }: StabilityAction): GateVerdict | undefined =>
  verdictOf(services.find((each) => each.service === service)?.gates, gate);

function refusals(edge: EdgeStatus, { actions }: Status): Refusal[] {
  const own = actions.filter(({ service, shadow }) => service === edge.service && !shadow);
  return Object.entries(edge.refusedRps)
    .filter(([, rps]) => rps > 0)
    .map(([reason, rps]) => {
      const kinds: readonly string[] = REFUSING_ACTIONS[reason] ?? [];
      return { edge, reason, rps, causes: own.filter(({ kind }) => kinds.includes(kind)) };
    });
}

function unanswered({ service, gates }: Status['services'][number], { actions }: Status): FailingGate[] {
  return verdicts(gates).flatMap(([gate, verdict]) => {
    if (verdict === undefined || gateWord(verdict) !== 'FAIL') return [];
    const isAnswered = actions.some((action) => action.service === service && action.gate === gate);
    return isAnswered ? [] : [{ service, gate, verdict }];
  });
}
