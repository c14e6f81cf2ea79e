import type { ActionKind, StabilityActionRecord } from './stability-action.ts';

/**
 * One sentence for whoever reads the event: what is done to whom, how much, and why.
 *
 * @param victim whose latency is watched; empty = nobody's
 */
export function describeAction(service: string, record: StabilityActionRecord, victim = ''): string {
  const { kind, phase, target, gate, ratio, endCause, shadow } = record;
  const whom = target === service ? '' : ` on ${target}`;
  const only = shadow ? ' (shadow: nothing is enforced)' : '';
  if (phase === 'ended') return `${service}: ${kind}${whom} ended, ${endCause}${only}`;
  const watched = victim === '' ? '' : `, for ${victim}`;
  return `${service}: ${kind}${whom} ${phase}, ${describeSize(kind, record.size)}; ${gate} u ${ratio.toFixed(2)}${watched}${only}`;
}

/** How much is done, in words. */
export function describeSize(kind: ActionKind, size: number): string {
  switch (kind) {
    case 'limit-concurrency':
      return `${size} calls in flight`;
    case 'freeze-learning':
      return 'the model is not taught the outage';
    case 'shed-priority':
      return `${percent(size)} of the calls shed, lowest priority first`;
    case 'shed-retries':
      return `retry budget ${size} %, retries give way to first attempts`;
    case 'reallocate':
      return `${percent(size)} of its guarantee left`;
    case 'cut-burst':
      return `guaranteed rate and ${percent(size)} of its burst left`;
    case 'advise-batching':
      return 'larger batches and smaller caches advised';
    case 'hold-rollout':
      return 'changes not made by an operator wait';
    case 'shorten-leases':
      return `leases at ${percent(size)} of their term`;
    case 'probe':
    case 'throttle':
      return `${percent(size)} of what it used left`;
    case 'fence':
      return 'every call refused';
    case 'request-scale':
      return `${size} times its capacity asked for`;
  }
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
