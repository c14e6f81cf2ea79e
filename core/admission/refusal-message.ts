import type { RefusalReason } from './refusal-reason.ts';

const MESSAGES: Readonly<Record<RefusalReason, string>> = {
  'token-missing': 'send a capacity token in x-capacity-token',
  'token-malformed': 'the capacity token cannot be read',
  'token-signature': 'no key of this mesh signed the capacity token',
  'token-expired': 'the capacity token has expired: ask for a new grant',
  'token-not-yet-valid': 'the capacity token is not valid yet',
  'token-audience': 'the capacity token is for another mesh',
  'token-revoked': 'the capacity token has been revoked',
  'edge-not-entitled': 'the workload has no budget for this service',
  'workload-fenced': 'the workload is fenced off from this service',
  'budget-exhausted': 'the budget of the workload for this service is spent: come back later',
  'estimate-invalid':
    'x-capacity-cpu and x-capacity-memory-mb are decimal numbers from 0 to 1000000000 (CPU-ms and MiB of one call)',
  'load-exhausted': 'the load budget of the workload for this service is spent: come back later',
  'shed-priority': 'calls of this priority are shed to keep the service stable',
  'breaker-open': 'the service has as many calls in flight as it may hold',
  'mesh-degraded': 'the authorizer does not know the budgets of the mesh yet',
  internal: 'the authorizer could not judge the call',
};

/** One sentence for whoever reads the refusal. */
export const refusalMessage = (reason: RefusalReason): string => MESSAGES[reason];
