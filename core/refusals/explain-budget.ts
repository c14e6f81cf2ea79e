import {
  actionWords,
  explanation,
  figure,
  largerShare,
  type RefusalExplanation,
  type RefusalParts,
} from './refusal-explanation.ts';
import type { BucketCause } from './refusal-record.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

/** Less of a service than this share of its capacity is no room. */
const ROOM_MIN = 0.05;
/** Above what was offered lately. */
const HEADROOM = 1.1;
/** Envoy's own bucket: rate over C_int·K (CONTRACT §D). */
const BACKSTOP = 1.2;
/** A limit below this part of C_int·K is one that other callers make. */
const SQUEEZED = 0.99;

type Advice = Pick<RefusalParts, 'advice' | 'command'>;

/** `budget-exhausted`: the bucket of the token, of the edge, or Envoy's own behind both. */
export function explainBudget(question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { workload, service, record } = question;
  const bucket = record?.bucket;
  if (record === null || bucket === undefined) return explainBackstop(question, scene);
  const figures = { limit: bucket.burst, used: bucket.burst - bucket.level, unit: 'calls' };
  const rate = `${figure(bucket.rateRps)} times a second on ${record.node}`;
  const spent = `had used all of it (burst ${figure(bucket.burst)}, ${figure(Math.max(0, bucket.level))} left)`;
  if (bucket.leaseExpired) {
    return explanation({
      facts: `${workload} may call ${service} only ${rate}, its safe share, as the control plane was not heard for longer than its lease, and ${spent}`,
      advice: 'see what is not reachable with',
      command: 'capmesh doctor',
      limitedBy: 'safe share',
      figures,
    });
  }
  if (bucket.byToken && isPart(bucket)) {
    return explanation({
      facts: `this token of ${workload} may call ${service} ${rate}, ${figure(bucket.intShare ?? 1)} of its budget, and ${spent}`,
      advice: 'ask for a larger grant with',
      command: `capmesh token request ${workload}${largerGrant(bucket)}`,
      limitedBy: 'grant int',
      figures,
    });
  }
  return explanation({
    facts: `${workload} may call ${service} ${rate} and ${spent}`,
    ...budgetAdvice(question, scene),
    limitedBy: scene.actions[0]?.gate ? `gate ${scene.actions[0].gate}` : 'budget int',
    figures,
  });
}

/** A token of all of the budget holds nobody back more than the budget does. */
const isPart = ({ intShare = 1 }: BucketCause): boolean => intShare < 1;

const largerGrant = ({ intShare = 1 }: BucketCause): string => ` --int ${largerShare(intShare) ?? 1}`;

/** Which of the shares is to be moved: an action's, the caller's, or that of all. */
function budgetAdvice({ workload, service }: RefusalQuestion, scene: RefusalScene): Advice {
  const [action] = scene.actions;
  if (action !== undefined) {
    return { advice: `${actionWords(action)} holds it there, see`, command: `capmesh why ${action.id}` };
  }
  const capacityRps = scene.service?.capacityRps ?? null;
  const int = scene.budget?.int ?? null;
  const explain = `capmesh explain ${workload} ${service}`;
  if (capacityRps === null) return { advice: 'how its limit comes about is shown by', command: explain };
  const limitRps = scene.edge?.limitRps ?? capacityRps;
  const roomRps = capacityRps - scene.admittedRps;
  const wanted = (HEADROOM * (scene.edge?.offeredRps ?? 0)) / capacityRps;
  const larger = largerShare(int, wanted);
  if (larger === null || limitRps < SQUEEZED * (int ?? 1) * capacityRps || roomRps < ROOM_MIN * capacityRps) {
    const used = `${service} answers ${figure(scene.admittedRps)} of the ${figure(capacityRps)} calls/s that it can`;
    return {
      advice: `${used}, shared out by weight, give it a larger capacity or see the shares with`,
      command: explain,
    };
  }
  return {
    advice: `${service} itself has room for ${figure(roomRps)}/s more, raise ${workload}'s budget with`,
    command: `capmesh budget set ${workload} ${service} --int ${larger}`,
  };
}

/** Envoy keeps no numbers of its own refusals: what holds now is told. */
function explainBackstop({ workload, service }: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const capacityRps = scene.service?.capacityRps ?? null;
  const command = `capmesh explain ${workload} ${service}`;
  const rateRps = capacityRps === null ? null : BACKSTOP * (scene.budget?.int ?? 1) * capacityRps;
  const rate = rateRps === null ? 'its own limit' : `its own limit of ${figure(rateRps)}/s (1.2·C_int·K)`;
  return explanation({
    facts: `no sidecar remembers such a refusal of ${workload}/${service}, so Envoy made it by ${rate} and all of it was used on that node`,
    advice: 'it stands behind the budget and should never be met, see how it comes about with',
    command,
    limitedBy: 'backstop',
    figures: { limit: rateRps, used: rateRps, unit: 'calls/s' },
  });
}
