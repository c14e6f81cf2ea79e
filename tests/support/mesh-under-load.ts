import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnswerTotals } from '../../demo/traffic/answer-counts.ts';
import type { Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type CountingService, startCountingService } from './counting-service.ts';
import { EventLog } from './event-log.ts';
import { staleGates, verdictsOf } from './gate-verdicts.ts';
import { GrantBuyer } from './grant-buyer.ts';
import { killPart } from './kill-part.ts';
import { RunningTraffic } from './running-traffic.ts';
import { spoofedCalls } from './spoofed-calls.ts';
import { connectAdmin, requestToken, startProcesses, type Topology } from './topology.ts';
import { waitFor } from './wait-for.ts';

const CAPACITY = { rps: 200, concurrency: 100 };
/** σ of every edge here, and of the safe bucket: the smallest burst there is. */
export const BURST = 25;
/** Of all callers together while nobody can be checked: a tenth of the capacity. */
export const SAFE_RPS = 0.1 * CAPACITY.rps;
const BATCH_INT = 0.2;
/** Limit of batch, which is offered twice as much. */
export const BATCH_RPS = BATCH_INT * CAPACITY.rps;
/** Calls on their way when a part dies, or when its death is measured. */
export const ON_THEIR_WAY = 5;
const DEAD_MS = 3_000;
/** Long enough for a new sidecar to let a full bucket pass. */
const RECOVERY_MS = 2_000;
const GATES_MS = 90_000;

/** Wide, since what else the machine does moves latencies, and thresholds are not the matter here. */
const GATES = { fitThreshold: 2, isolationEps: 0.9 };
const SERVICE_MS = 50;

const line = (int: number) => ({ payment: { int, ptr: 0.15 } });
const meshOf = (payment: number, ledger: number): object => ({
  mesh: 'shop',
  gates: GATES,
  services: {
    payment: { endpoints: [`127.0.0.1:${payment}`], capacity: CAPACITY },
    ledger: { endpoints: [`127.0.0.1:${ledger}`], authorizerDown: 'closed' },
  },
  workloads: {
    checkout: { tenant: 'shop' },
    batch: { tenant: 'reports' },
    moved: { tenant: 'shop' },
    buyer: { tenant: 'shop' },
    victim: { tenant: 'shop' },
    attacker: { tenant: 'shop' },
  },
  budgets: {
    checkout: { ...line(0.5), ledger: {} },
    batch: line(BATCH_INT),
    moved: line(0.1),
    buyer: line(0.1),
    victim: line(0.05),
    attacker: line(0.05),
  },
});

export interface KillOptions {
  readonly part: string;
  /** Calls are checked while it is dead. */
  readonly checks: boolean;
  /** The kernel starts anew: its first verdicts are those from before. */
  readonly restores: boolean;
  /** Budget that `moved` gets just before. Nobody uses it before it is looked at: new loads would have to be learned. */
  readonly movedInt: number;
}

/** What is known of one kill. */
export interface Kill {
  readonly verdictsBefore: ReturnType<typeof verdictsOf>;
  /** Tokens of all grants that were answered until then. */
  readonly tokens: readonly string[];
  /** Events that somebody had read from the store until then. */
  readonly acknowledged: readonly CapacityEvent[];
  readonly editRevision: number;
  readonly movedRps: number;
  readonly dead: DeadTime;
  /** Calls of batch that were admitted from the kill until well after the restart. */
  readonly admitted: { readonly calls: number; readonly seconds: number };
  readonly restartedMs: number;
  /** The first word about the gates after the restart, and when it came. */
  readonly verdictsAfter: ReturnType<typeof verdictsOf>;
  readonly afterMs: number;
}

/** Answers while a part was dead, and what reached the service. */
export interface DeadTime {
  readonly checkout: AnswerTotals;
  readonly batch: AnswerTotals;
  readonly ledger: AnswerTotals;
  readonly served: number;
  readonly seconds: number;
}

/**
 * A mesh with traffic that never stops: checkout within its budget, batch at
 * twice its limit, calls to a service that is closed while nobody can be
 * checked, and a buyer of one grant after the other.
 */
export class MeshUnderLoad {
  readonly topology: Topology;
  readonly buyer: GrantBuyer;
  readonly #payment: CountingService;
  readonly #ledger: CountingService;
  readonly #traffic: Readonly<Record<'checkout' | 'batch' | 'ledger', RunningTraffic>>;
  readonly #attacker: string;

  private constructor(
    topology: Topology,
    services: { readonly payment: CountingService; readonly ledger: CountingService },
    tokens: { readonly checkout: string; readonly batch: string; readonly attacker: string },
  ) {
    this.topology = topology;
    this.#payment = services.payment;
    this.#ledger = services.ledger;
    this.#attacker = tokens.attacker;
    this.#traffic = {
      checkout: this.#running('payment', tokens.checkout, 60),
      batch: this.#running('payment', tokens.batch, 2 * BATCH_RPS),
      ledger: this.#running('ledger', tokens.checkout, 10),
    };
    this.buyer = new GrantBuyer(topology, 'buyer');
  }

  static async start(): Promise<MeshUnderLoad> {
    const services = {
      payment: await startCountingService(SERVICE_MS),
      ledger: await startCountingService(SERVICE_MS),
    };
    const topology = await startProcesses({ mesh: meshOf(services.payment.port, services.ledger.port) });
    const [checkout, batch, attacker] = await Promise.all([
      requestToken(topology, 'checkout'),
      requestToken(topology, 'batch'),
      requestToken(topology, 'attacker'),
    ]);
    return new MeshUnderLoad(topology, services, { checkout, batch, attacker });
  }

  get envoyUrl(): string {
    return this.topology.envoyUrls[0] as string;
  }

  /** Asks on a new connection. */
  async status(): Promise<Status> {
    const admin = connectAdmin(this.topology);
    return admin.status().finally(() => admin.close());
  }

  /** Resolves once every gate of payment is judged on data of now. */
  freshStatus(timeoutMs: number): Promise<Status> {
    return waitFor(
      'every gate to be judged',
      async () => {
        const status = await this.status();
        assert.deepEqual(staleGates(status, 'payment'), [], JSON.stringify(verdictsOf(status, 'payment')));
        return status;
      },
      timeoutMs,
    );
  }

  /** Traffic of the workload whose budget moves, beyond whatever it has. */
  async offerMoved(): Promise<RunningTraffic> {
    return this.#running('payment', await requestToken(this.topology, 'moved'), 0.2 * CAPACITY.rps);
  }

  async kill({ part, checks, restores, movedInt }: KillOptions): Promise<Kill> {
    const before = await this.freshStatus(GATES_MS);
    const events = new EventLog(this.topology);
    for (let i = 0; i < 5; i += 1) await this.buyer.buy();
    await waitFor('the events of grants', async () => events.seen.length > 5);
    const { budget } = await this.topology.admin.setBudget('moved', 'payment', { cInt: movedInt });
    // New routes fill the safe bucket anew, and would do so while it is measured.
    if (!checks) await waitFor('the edit at Envoy', async () => (await this.status()).lastEdit?.nodesApplied === 1);
    const [tokens, acknowledged] = [[...this.buyer.tokens], [...events.seen]];
    let dead: DeadTime | undefined;
    const { restartedMs, ready } = await killPart(this.topology, part, async () => {
      dead = await this.#deadTime();
    });
    if (!restores) await ready;
    const after = await waitFor('a word about the gates', () => this.status());
    const afterMs = performance.now();
    await ready;
    await delay(RECOVERY_MS);
    events.stop();
    assert.ok(dead);
    const seconds = dead.seconds + (performance.now() - restartedMs) / 1000;
    return {
      verdictsBefore: verdictsOf(before, 'payment'),
      tokens,
      acknowledged,
      editRevision: budget?.revision ?? 0,
      movedRps: movedInt * CAPACITY.rps,
      dead,
      admitted: { calls: dead.batch.ok + this.#traffic.batch.take().ok, seconds },
      restartedMs,
      verdictsAfter: verdictsOf(after, 'payment'),
      afterMs,
    };
  }

  async stop(): Promise<void> {
    await this.buyer.stop();
    for (const source of Object.values(this.#traffic)) await source.stop();
    await this.topology.stop();
    await this.#payment.stop();
    await this.#ledger.stop();
  }

  /** Offers spoofed calls beside the traffic and measures. */
  async #deadTime(): Promise<DeadTime> {
    const { checkout, batch, ledger } = this.#traffic;
    for (const source of [checkout, batch, ledger]) source.take();
    const startMs = performance.now();
    const servedBefore = this.#payment.calls();
    const attacks = [this.#attacker, null].map((token) =>
      spoofedCalls(this.envoyUrl, 'payment', 'victim', { token, calls: 6 }),
    );
    await Promise.all([delay(DEAD_MS), ...attacks]);
    return {
      checkout: checkout.take(),
      batch: batch.take(),
      ledger: ledger.take(),
      served: this.#payment.calls() - servedBefore,
      seconds: (performance.now() - startMs) / 1000,
    };
  }

  #running(service: string, token: string, rateRps: number): RunningTraffic {
    return new RunningTraffic({ envoyUrl: this.envoyUrl, service, token }, rateRps);
  }
}
