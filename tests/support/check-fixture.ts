import { pino } from 'pino';
import { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import { Authorizer } from '../../ext-authz/check/authorizer.ts';
import { CallJudge } from '../../ext-authz/check/call-judge.ts';
import { KeyRing } from '../../ext-authz/ledger/key-ring.ts';
import { OperationDoor } from '../../ext-authz/operations/operation-door.ts';
import { RefusalRing } from '../../ext-authz/refusals/refusal-ring.ts';
import { type EdgeLease, Lease } from '../../proto/gen/capmesh/v1/lease.ts';
import { CheckRequest, CheckResponse } from '../../proto/gen/envoy/service/auth/v3/external_auth.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { ISSUED_AT, makeKey, type TestKey } from './test-tokens.ts';

export const silentLogger = pino({ level: 'silent' });

/** The sidecar that the fixture stands for, and its run. */
export const NODE = 'node-1';
export const INSTANCE = 'run-1';

/** An authorizer on the worked example (CONTRACT §I): one node, payment with its two callers, a clock moved by hand. */
export interface CheckFixture {
  readonly judge: CallJudge;
  readonly authorizer: Authorizer;
  readonly operations: OperationDoor;
  readonly ledger: EdgeLedger;
  readonly keys: KeyRing;
  readonly key: TestKey;
  readonly clock: ManualClock;
  /** What it refused, under ids of its own. */
  readonly refusals: RefusalRing;
  /** Moves the last word of the control plane to now. */
  hearControlPlane(): void;
}

export const edgeLease = (lease: Partial<EdgeLease> & Pick<EdgeLease, 'workload' | 'service'>): EdgeLease => ({
  burst: 25,
  safeRateRps: 0,
  safeBurst: 0,
  guaranteeRps: 0,
  guaranteeBurst: 25,
  leaseMs: 60_000,
  budget: {},
  overlayExpiresInMs: 0,
  shedBelowPrio: 0,
  shedRatio: 0,
  shedRetries: false,
  fenced: false,
  timeoutMs: 0,
  ...lease,
});

export const checkoutToPayment = edgeLease({
  workload: 'checkout',
  service: 'payment',
  rateRps: 800 / 3,
  burst: 160 / 3,
  safeRateRps: 80,
  safeBurst: 20,
  guaranteeRps: 800 / 3,
  guaranteeBurst: 160 / 3,
  leaseMs: 36_000,
  budget: { cInt: 0.8, cPtr: 0.75, cGauge: 0.5 },
});

export const batchToPayment = edgeLease({
  workload: 'batch',
  service: 'payment',
  rateRps: 400 / 3,
  burst: 80 / 3,
  safeRateRps: 400 / 3,
  safeBurst: 80 / 3,
  guaranteeRps: 400 / 3,
  guaranteeBurst: 80 / 3,
  budget: { cInt: 0.5, cPtr: 0.5 },
});

export function leaseOf(seq: number, edges: readonly EdgeLease[], more: Partial<Lease> = {}): Lease {
  return { ...Lease.fromPartial({}), node: 'node-1', epoch: 1, seq, edges: [...edges], ...more };
}

export function checkFixture(
  options: { readonly tokensMax?: number; readonly isReady?: () => boolean } = {},
): CheckFixture {
  const clock = manualClock(ISSUED_AT * 1000);
  const ledger = new EdgeLedger(clock.monotonicMs());
  ledger.applyLease(leaseOf(1, [checkoutToPayment, batchToPayment]), clock.monotonicMs());
  const keys = new KeyRing();
  const key = makeKey('k1');
  keys.setKey('k1', key.jwk);
  let lastWordMs = clock.monotonicMs();
  let refusals = 0;
  const ring = new RefusalRing('0123abcd-run', clock);
  const isReady = options.isReady ?? (() => true);
  const judge = new CallJudge({
    mesh: 'shop',
    ledger,
    keys,
    clock,
    lastWordMs: () => lastWordMs,
    isReady,
    noteRefusal: (...refusal) => {
      refusals += 1;
      ring.note(...refusal);
      return `r${refusals}`;
    },
    logger: silentLogger,
    tokensMax: options.tokensMax,
  });
  return {
    judge,
    authorizer: new Authorizer({ judge, node: NODE, instance: INSTANCE, clock }),
    operations: new OperationDoor({ judge, node: NODE, instance: INSTANCE, ledger, clock, isReady }),
    ledger,
    keys,
    key,
    clock,
    refusals: ring,
    hearControlPlane: () => {
      lastWordMs = clock.monotonicMs();
    },
  };
}

export function checkRequest(service: string, headers: Readonly<Record<string, string>>): Buffer {
  const attributes = {
    request: { http: { id: '1', method: 'GET', path: '/pay?x=1', host: service, headers } },
    contextExtensions: { service },
  };
  return Buffer.from(CheckRequest.encode(CheckRequest.fromPartial({ attributes })).finish());
}

export const withToken = (token: string, headers: Readonly<Record<string, string>> = {}, service = 'payment'): Buffer =>
  checkRequest(service, { ':authority': service, 'x-capacity-token': token, ...headers });

/** What an answer says, in the generated types. */
export interface Answer {
  readonly admitted: boolean;
  /** HTTP status of a refusal; 200 for an admission. */
  readonly http: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: {
    readonly reason?: string;
    readonly edge?: string;
    readonly id?: string;
    readonly message?: string;
    readonly remaining?: number;
    readonly retryAfterMs?: number;
  };
  readonly response: CheckResponse;
}

export function readAnswer(frame: Uint8Array): Answer {
  const response = CheckResponse.decode(frame.subarray(5));
  const { httpResponse } = response;
  if (httpResponse?.$case === 'okResponse') {
    const headers = headersOf(httpResponse.value.headers);
    return { admitted: response.status?.code === 0, http: 200, headers, body: {}, response };
  }
  if (httpResponse?.$case !== 'deniedResponse') throw new Error('the answer is neither OK nor denied');
  const { status, headers, body } = httpResponse.value;
  return {
    admitted: false,
    http: status?.code ?? 0,
    headers: headersOf(headers),
    body: JSON.parse(body) as Answer['body'],
    response,
  };
}

function headersOf(
  options: readonly { header?: { key: string; value: string } | undefined }[],
): ReadonlyMap<string, string> {
  return new Map(options.map(({ header }) => [header?.key ?? '', header?.value ?? '']));
}
