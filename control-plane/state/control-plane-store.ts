import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { LeaderWrites } from '../leader/leader-writes.ts';
import { Leadership, type OnTerm, type Term } from '../leader/leadership.ts';
import { replicaName } from '../leader/replica-name.ts';
import { type StoredFrame, storedFrames } from '../telemetry/stored-frames.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { ConfigStore } from './config-store.ts';
import { followConnection } from './connection-state.ts';
import { EventStore } from './event-store.ts';
import { keepKeys, publishOwed, REVOCATION_LEEWAY_MS } from './keep-keys.ts';
import { KernelLogStore } from './kernel-log-store.ts';
import { KeyRotation } from './key-rotation.ts';
import { KeyStore } from './key-store.ts';
import { LeaseStore } from './lease-store.ts';
import { LedgerStore } from './ledger-store.ts';
import { maxPayload } from './max-payload.ts';
import { openStore } from './open-store.ts';
import { OrderStore } from './order-store.ts';
import { PlanStore } from './plan-store.ts';

/** Everything stored that one replica works with, opened and followed. */
export interface ControlPlaneStore {
  readonly config: ConfigStore;
  readonly ledger: LedgerStore;
  readonly events: EventStore;
  readonly plans: PlanStore;
  readonly leases: LeaseStore;
  readonly keys: KeyStore;
  readonly orders: OrderStore;
  readonly checkpoints: CheckpointStore;
  readonly kernelLog: KernelLogStore;
  /** Frames that nodes sent since a point in time; 10 minutes are kept. */
  readonly frames: (sinceWallMs: number) => AsyncIterable<StoredFrame>;
  readonly keyRotation: KeyRotation;
  /** The name of this replica, which it keeps, and of this process. */
  readonly self: { readonly replica: string; readonly process: string };
  /** Takes part in the election of the mesh's leader. */
  readonly joinElection: (onTerm: OnTerm) => Promise<Leadership>;
  /** What the leader of a term writes with; `onFenced` when it meets a higher one. */
  readonly writesOf: (term: Term, onFenced: () => void) => LeaderWrites;
  /** Whether the store can be reached now. */
  readonly isReachable: () => boolean;
  stop(): void;
}

export interface ControlPlaneStoreOptions {
  readonly mesh: string;
  /** Holds the signing key of this replica. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens streams and buckets, publishes the signing key and repairs what a crash may have left undone. */
export async function openControlPlaneStore(
  connection: NatsConnection,
  { mesh, stateDir, clock, logger }: ControlPlaneStoreOptions,
): Promise<ControlPlaneStore> {
  const store = await openStore(connection);
  const keys = await KeyStore.open(store, logger);
  const self = { replica: replicaName(stateDir, randomUUID), process: randomUUID() };
  const config = await ConfigStore.open(store, mesh, logger);
  const ledger = await LedgerStore.open(store, logger);
  const lastGrantEndMs = (): number =>
    ledger.accounts().reduce((last, [, { grants }]) => Math.max(last, ...grants.map((each) => each.expiresAtMs)), 0);
  const keyRotation = await KeyRotation.open({ stateDir, store: keys, lastGrantEndMs, clock });
  const orders = await OrderStore.open(store, mesh, logger);
  await publishOwed(ledger.accounts(), keys, clock.wallMs());
  const plans = await PlanStore.open(store, mesh, logger);
  await keys.dropExpiredRevocations(clock.wallMs(), REVOCATION_LEEWAY_MS);
  const stopKeeping = keepKeys({ rotation: keyRotation, keys, accounts: () => ledger.accounts(), clock, logger });
  return {
    config,
    ledger,
    events: new EventStore(store, clock),
    plans,
    leases: new LeaseStore(store.leases, () => config.view.config),
    keys,
    orders,
    checkpoints: new CheckpointStore(store.control, mesh, maxPayload(connection)),
    kernelLog: new KernelLogStore(store.jetstream, mesh, maxPayload(connection)),
    frames: (sinceWallMs) => storedFrames(store.jetstream, mesh, sinceWallMs),
    keyRotation,
    self,
    joinElection: (
      onTerm, // Its timers are real, so its clock must be.
    ) => Leadership.join({ kv: store.control, mesh, ...self, clock: systemClock, logger }, onTerm),
    writesOf: (term, onFenced) => new LeaderWrites(store, term, onFenced),
    isReachable: followConnection(connection),
    stop: () => {
      stopKeeping();
      keys.stop();
      config.stop();
      ledger.stop();
      orders.stop();
      plans.stop();
    },
  };
}
