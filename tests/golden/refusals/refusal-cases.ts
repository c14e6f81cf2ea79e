import type { RefusalReason } from '../../../core/admission/refusal-reason.ts';
import { UNLIMITED } from '../../../core/capacity/capacity-vector.ts';
import type { ActionView, EdgeView, ServiceView } from '../../../core/kernel/mesh-view.ts';
import type { RefusalCause, RefusalRecord } from '../../../core/refusals/refusal-record.ts';
import type { RefusalQuestion, RefusalScene } from '../../../core/refusals/refusal-scene.ts';

/** One refusal and the mesh that it is asked about in. */
export interface RefusalCase {
  readonly title: string;
  readonly question: RefusalQuestion;
  readonly scene: RefusalScene;
}

const AT_MS = 1_800_000_000_000;

/** The worked example (CONTRACT §I): checkout may have 0.8 of payment's rate and 0.75 of its concurrency. */
const edge: EdgeView = {
  workload: 'checkout',
  service: 'payment',
  tenant: 'shop',
  seriesPerTenant: 1000,
  budget: { ...UNLIMITED, int: 0.8, ptr: 0.75 },
  guaranteeRps: 800 / 3,
  limitRps: 320,
  maxRequests: 16,
  offeredRps: 340,
  admittedRps: 320,
  refusedRps: {},
  goodputRps: 320,
  latencyP50Ms: 20,
  latencyP99Ms: 60,
};

const service: ServiceView = {
  service: 'payment',
  gates: {} as ServiceView['gates'],
  capacityRps: 400,
  capacityConcurrency: 24,
  foundCapacityRps: null,
  concurrencyLimit: 24,
  controllerMode: 'open',
  inFlight: 8.4,
  baselineLatencyMs: 20,
  goodputRps: 320,
};

const busy: RefusalScene = {
  mesh: 'shop',
  callers: ['checkout', 'batch'],
  budget: edge.budget,
  edge,
  service,
  admittedRps: 330,
  actions: [],
  nodeCount: 1,
};

const action = (kind: ActionView['kind'], part: Partial<ActionView>): ActionView => ({
  id: 'a12',
  service: 'payment',
  gate: 'isolation',
  horizon: 'immediate',
  kind,
  target: 'shop',
  size: 0.6,
  ratio: 1.42,
  threshold: 1,
  windowMs: 60_000,
  startedAtMs: AT_MS - 60_000,
  expiresAtMs: AT_MS + 60_000,
  phase: 'started',
  endCause: '',
  shadow: false,
  ...part,
});

const recorded = (reason: RefusalReason, cause: RefusalCause = {}, part: Partial<RefusalRecord> = {}) => {
  const record = {
    node: 'node-1',
    workload: 'checkout',
    service: 'payment',
    reason,
    atMs: AT_MS,
    prio: 7,
    retry: false,
    ...cause,
    ...part,
  };
  return { reason, workload: record.workload, service: record.service, record };
};

const unrecorded = (reason: RefusalReason, workload = 'checkout'): RefusalQuestion => ({
  reason,
  workload,
  service: 'payment',
  record: null,
});

const nobody = { workload: '~unverified', prio: 0 };
const token = {
  fault: '',
  workload: 'checkout',
  grantId: 'grant-1',
  audience: 'shop',
  notBeforeMs: AT_MS - 3_600_000,
  expiresAtMs: AT_MS + 3_600_000,
  generation: 1,
  generationNeeded: 1,
};
const unread = { ...token, workload: '', grantId: '', audience: '', generation: 0, generationNeeded: 0 };
const bucket = { byToken: false, rateRps: 320, burst: 53.333, level: 0.833, leaseExpired: false };
const atEase: RefusalScene = { ...busy, edge: { ...edge, offeredRps: 330 }, admittedRps: 325 };

const one = (title: string, question: RefusalQuestion, scene: RefusalScene = busy): RefusalCase => ({
  title,
  question,
  scene,
});

/** Every reason, and where a reason has several causes every one of them. */
export const REFUSAL_CASES: readonly RefusalCase[] = [
  one('no token', recorded('token-missing', {}, nobody)),
  one('no token, one caller', recorded('token-missing', {}, nobody), { ...busy, callers: ['checkout'] }),
  one('no token, nobody has a budget', recorded('token-missing', {}, nobody), { ...busy, callers: [] }),
  one(
    'no token at all',
    recorded('token-malformed', { token: { ...unread, fault: 'the token does not have three parts' } }, nobody),
  ),
  one(
    'a signature of somebody else',
    recorded('token-signature', { token: { ...unread, fault: 'no key of this mesh signed the token' } }, nobody),
  ),
  one(
    'a token that has ended',
    recorded('token-expired', { token: { ...token, expiresAtMs: AT_MS - 12_300 } }, nobody),
  ),
  one(
    'a token for later',
    recorded('token-not-yet-valid', { token: { ...token, notBeforeMs: AT_MS + 3_600_000 } }, nobody),
  ),
  one('a token of another mesh', recorded('token-audience', { token: { ...token, audience: 'mall' } }, nobody)),
  one('a workload that was revoked', recorded('token-revoked', { token: { ...token, generationNeeded: 2 } }, nobody)),
  one('a token that was revoked', recorded('token-revoked', { token }, nobody)),
  one('a revoked token, forgotten', unrecorded('token-revoked', '~unverified')),
  one('no budget', recorded('edge-not-entitled', {}, { workload: 'guest' }), { ...busy, budget: null, edge: null }),
  one('a budget of 0', recorded('edge-not-entitled'), {
    ...busy,
    budget: { ...edge.budget, ptr: 0 },
    edge: null,
  }),
  one('a grant of 0', recorded('edge-not-entitled', { emptyAxis: 'int' })),
  one('a budget that came later', recorded('edge-not-entitled')),
  one('a service that is not declared', recorded('edge-not-entitled', {}, { service: 'nothing' }), {
    ...busy,
    budget: null,
    edge: null,
    service: null,
  }),
  one('a fence', recorded('workload-fenced'), { ...busy, actions: [action('fence', {})] }),
  one('a fence that is over', recorded('workload-fenced')),
  one('a shed', recorded('shed-priority', { shed: { belowPrio: 5, ratio: 0.6, retries: false } }, { prio: 2 }), {
    ...busy,
    actions: [action('shed-priority', { gate: 'fit', target: 'payment', ratio: 2.31 })],
  }),
  one('a shed retry', recorded('shed-priority', { shed: { belowPrio: 0, ratio: 0, retries: true } }, { retry: true }), {
    ...busy,
    actions: [action('shed-retries', { gate: 'uv', target: 'payment', size: 5 })],
  }),
  one('a shed, forgotten', unrecorded('shed-priority')),
  one('a breaker', unrecorded('breaker-open')),
  one('a breaker that an action holds', unrecorded('breaker-open'), {
    ...busy,
    edge: { ...edge, maxRequests: 9 },
    actions: [action('limit-concurrency', { gate: 'fit', target: 'payment', size: 12, ratio: 2.31 })],
  }),
  one('a breaker without ptr', unrecorded('breaker-open'), { ...busy, budget: { ...edge.budget, ptr: null } }),
  one('what is no estimate', recorded('estimate-invalid', { estimate: { cpu: '-1', memoryMb: '' } })),
  one(
    'CPU',
    recorded('load-exhausted', { load: { resource: 'cpu', limit: 1600, used: 1480, needed: 250, estimated: 200 } }),
  ),
  one(
    'memory',
    recorded('load-exhausted', { load: { resource: 'memory', limit: 3072, used: 3000, needed: 256, estimated: 256 } }),
  ),
  one(
    'memory on one of two nodes, with all of the budget',
    recorded('load-exhausted', { load: { resource: 'memory', limit: 2048, used: 2000, needed: 256, estimated: 256 } }),
    { ...busy, budget: { ...edge.budget, ptr: 1 }, nodeCount: 2 },
  ),
  one(
    'too many open calls',
    recorded('load-exhausted', { load: { resource: 'calls', limit: 10_000, used: 10_000, needed: 1, estimated: 1 } }),
  ),
  one('load, forgotten', unrecorded('load-exhausted')),
  one('a spent budget', recorded('budget-exhausted', { bucket }), atEase),
  one('a spent budget of a service that is full', recorded('budget-exhausted', { bucket }), {
    ...busy,
    admittedRps: 399,
  }),
  one('a limit that others make', recorded('budget-exhausted', { bucket: { ...bucket, rateRps: 266.667 } }), {
    ...busy,
    edge: { ...edge, limitRps: 800 / 3 },
  }),
  one('a limit that an action makes', recorded('budget-exhausted', { bucket: { ...bucket, rateRps: 160 } }), {
    ...busy,
    actions: [action('throttle', {})],
  }),
  one(
    'a spent grant',
    recorded('budget-exhausted', { bucket: { ...bucket, byToken: true, rateRps: 160, burst: 26.667, intShare: 0.5 } }),
  ),
  one(
    'a lease that has ended',
    recorded('budget-exhausted', { bucket: { ...bucket, rateRps: 80, burst: 20, leaseExpired: true } }),
  ),
  one('the backstop of Envoy', unrecorded('budget-exhausted')),
  one('a sidecar that knows nothing yet', recorded('mesh-degraded', {}, nobody)),
  one('a safe share that is spent', unrecorded('mesh-degraded')),
  one('a safe share of callers that are not known', unrecorded('mesh-degraded', '~unverified'), {
    ...busy,
    edge: null,
  }),
  one('a fault of the sidecar', recorded('internal', {}, nobody)),
  one('a call that nobody judges', unrecorded('internal')),
];
