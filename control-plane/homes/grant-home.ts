import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { AdmissionRecord } from '../../core/admission/admission-ledger.ts';
import { admissionRecord } from '../../core/admission/admission-record.ts';
import type { AdmissionScene } from '../../core/admission/admission-scene.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { DecidedGrant, PassedGrant } from '../../proto/gen/capmesh/v1/grant_passing.ts';
import { admitInto, type GrantOutcome } from '../admission/admit-into.ts';
import type { Account } from '../state/account.ts';
import { StoreBusyError } from '../state/compare-and-set.ts';
import type { LedgerStore } from '../state/ledger-store.ts';
import { homeSubject } from './homes-subject.ts';
import { decodePassed, encodeDecided, outcomeMessage, requestOf } from './passed-grants.ts';
import { TurnOutbox } from './turn-outbox.ts';

export interface GrantHomeOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  /** Of this replica. */
  readonly process: string;
  /** Largest message. */
  readonly bytesMax: number;
  readonly ledger: Pick<LedgerStore, 'update'>;
  readonly config: () => MeshConfig;
  readonly scene: () => AdmissionScene;
  /** Told of every decision that gates had a part in. */
  readonly note: (record: AdmissionRecord) => void;
  /** Names refusals in what is noted. */
  readonly newRefusalId: () => string;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Requests of other replicas that are under way at once. */
const DECIDING_MAX = 8192;
/** How long one that stops goes on with what it has. */
const DRAIN_MS = 2000;

/** Decides requests for grants that other replicas pass on, into accounts that are at home here. They sign. */
export class GrantHome {
  readonly #options: GrantHomeOptions;
  readonly #outbox: TurnOutbox;
  readonly #drainSubscription: () => Promise<void>;
  #deciding = 0;
  #onIdle: () => void = () => {};

  constructor(options: GrantHomeOptions) {
    const { connection, mesh, process, bytesMax, logger } = options;
    this.#options = options;
    this.#outbox = new TurnOutbox((subject, message) => {
      if (!connection.isClosed()) connection.publish(subject, message);
    }, bytesMax);
    const subscription = connection.subscribe(homeSubject(mesh, process), {
      callback: (error, message) => {
        try {
          if (error !== null) throw error;
          this.#take(message);
        } catch (failure) {
          logger.warn({ err: failure }, 'what another replica passes on cannot be read');
        }
      },
    });
    this.#drainSubscription = () => subscription.drain();
  }

  /** Takes nothing more, and answers what it has. */
  async stop(): Promise<void> {
    const drained = async (): Promise<void> => {
      await this.#drainSubscription();
      if (this.#deciding > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    };
    await Promise.race([drained(), new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]);
    this.#outbox.flush();
  }

  #take({ data, reply }: Msg): void {
    if (reply === undefined || reply === '') throw new Error('it says not where the answer goes');
    for (const passed of decodePassed(data)) {
      this.#deciding += 1;
      void this.#decide(passed).then((outcome) => {
        this.#deciding -= 1;
        this.#answer(reply, passed.grantId, outcome);
        if (this.#deciding === 0) this.#onIdle();
      });
    }
  }

  /** One that is too long to be told is left to whoever asked. */
  #answer(reply: string, grantId: string, outcome: DecidedGrant['outcome']): void {
    const answer = encodeDecided(grantId, outcome);
    const fits = answer.length <= this.#options.bytesMax;
    this.#outbox.put(reply, fits ? answer : encodeDecided(grantId, undefined));
  }

  async #decide(passed: PassedGrant): Promise<DecidedGrant['outcome']> {
    const { ledger, config, scene, note, newRefusalId, clock, logger } = this.#options;
    const request = requestOf(passed);
    const { workload } = request;
    if (this.#deciding > DECIDING_MAX) return { $case: 'busy', value: 'too many requests are passed on' };
    // The newest configuration may not be here yet.
    if (!config().workloads.has(workload)) return undefined;
    try {
      const outcome = await ledger.update<GrantOutcome | null>(workload, clock.wallMs(), (account) => {
        const wallMs = clock.wallMs();
        if (isOver(passed, account, wallMs)) return { account: null, result: null };
        return admitInto(account, request, passed.grantId, { scene: scene(), wallMs });
      });
      if (outcome === null) return undefined;
      const record = admissionRecord(workload, request.vector, outcome, newRefusalId);
      if (record !== null) note(record);
      return outcomeMessage(outcome);
    } catch (error) {
      if (error instanceof StoreBusyError) return { $case: 'busy', value: error.message };
      logger.warn({ err: error, workload }, 'a request of another replica is not decided');
      return undefined;
    }
  }
}

/** Nobody waits for it any more: whoever was asked has decided it, and may have given the grant and had it back. */
const isOver = ({ untilMs, grantId }: PassedGrant, { revoked }: Account, wallMs: number): boolean =>
  wallMs >= untilMs || revoked?.some(({ jti }) => jti === grantId) === true;
