import { TOKEN_REASONS } from '../token/token-claims.ts';

/** The closed list of why calls are refused, in the order in which they are judged (CONTRACT §F, DESIGN §6). */
export const REFUSAL_REASONS = [
  ...TOKEN_REASONS,
  'edge-not-entitled',
  'workload-fenced',
  'shed-priority',
  'breaker-open',
  'estimate-invalid',
  'load-exhausted',
  'budget-exhausted',
  'mesh-degraded',
  'internal',
] as const;

/** Why a call is refused. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Whether a text is one of the reasons. */
export const isRefusalReason = (text: string): text is RefusalReason =>
  (REFUSAL_REASONS as readonly string[]).includes(text);

/** HTTP status and, for callers that speak gRPC, gRPC status code (CONTRACT §F). */
export interface RefusalStatus {
  readonly http: 400 | 401 | 403 | 429 | 503;
  readonly grpc: 3 | 16 | 7 | 8 | 14;
}

const INVALID: RefusalStatus = { http: 400, grpc: 3 };
const UNAUTHENTICATED: RefusalStatus = { http: 401, grpc: 16 };
const FORBIDDEN: RefusalStatus = { http: 403, grpc: 7 };
const EXHAUSTED: RefusalStatus = { http: 429, grpc: 8 };
const UNAVAILABLE: RefusalStatus = { http: 503, grpc: 14 };

const STATUS = new Map<RefusalReason, RefusalStatus>([
  ...TOKEN_REASONS.map((reason): [RefusalReason, RefusalStatus] => [reason, UNAUTHENTICATED]),
  ['edge-not-entitled', FORBIDDEN],
  ['workload-fenced', FORBIDDEN],
  ['budget-exhausted', EXHAUSTED],
  ['estimate-invalid', INVALID],
  ['load-exhausted', EXHAUSTED],
]);

/** Every reason that is not the caller's doing is 503. */
export const statusOf = (reason: RefusalReason): RefusalStatus => STATUS.get(reason) ?? UNAVAILABLE;
