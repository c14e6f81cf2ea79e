import { timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';
import { evidenceWords } from './evidence-words.ts';
import type { ExplainedAction, Why } from './why.ts';

/** The answer for a program. */
export async function whyJson(why: Why): Promise<object> {
  const { services, control, actions, refusals, unanswered, ended } = why;
  return {
    services,
    control: control === undefined ? null : await toJson('capmesh.v1.ActionControl', control),
    actions: await Promise.all(actions.map(actionJson)),
    refusals: refusals.map(({ edge, reason, rps, causes }) => ({
      workload: edge.workload,
      service: edge.service,
      reason,
      rps,
      causes: causes.map(({ id }) => id),
    })),
    unanswered: await Promise.all(
      unanswered.map(async ({ service, gate, verdict }) => ({
        service,
        gate,
        verdict: await toJson('capmesh.v1.GateVerdict', verdict),
        words: evidenceWords(verdict.evidence),
      })),
    ),
    ended: await Promise.all(ended.map(actionJson)),
  };
}

async function actionJson({ action, verdict, endedAt }: ExplainedAction): Promise<object> {
  return {
    action: await toJson('capmesh.v1.StabilityAction', action),
    verdict: verdict === undefined ? null : await toJson('capmesh.v1.GateVerdict', verdict),
    words: evidenceWords(verdict?.evidence ?? {}),
    endedAt: endedAt === undefined ? null : timeOf(endedAt),
  };
}
