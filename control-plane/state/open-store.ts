import {
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

export const CONFIG_BUCKET = 'capmesh_config';
export const KEYS_BUCKET = 'capmesh_keys';
export const PLAN_BUCKET = 'capmesh_plan';
export const LEASES_BUCKET = 'capmesh_leases';
export const LEDGER_BUCKET = 'capmesh_ledger';
export const CONTROL_BUCKET = 'capmesh_control';
/** The stream that holds a bucket. */
export const streamOf = (bucket: string): string => `KV_${bucket}`;
export const FRAMES_STREAM = 'CAPMESH_FRAMES';
export const EVENTS_STREAM = 'CAPMESH_EVENTS';
export const KERNEL_STREAM = 'CAPMESH_KERNEL';

const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;
/** Events are kept this long, unless the stream grows too large. */
export const EVENTS_KEPT_MS = 7 * 24 * 60 * MINUTE_MS;
const nanos = (ms: number): number => ms * 1_000_000;

/** Everything that Capmesh keeps in JetStream (CONTRACT §H). */
export interface Store {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly config: KV;
  readonly ledger: KV;
  readonly leases: KV;
  readonly keys: KV;
  /** What the leader writes of itself, and what operators order it. */
  readonly control: KV;
}

/** Creates streams and buckets where they are missing; leaves what is there as it is. */
export async function openStore(connection: NatsConnection): Promise<Store> {
  const manager = await jetstreamManager(connection);
  const kvm = new Kvm(connection);
  const config = await kvm.create(CONFIG_BUCKET, { history: 5 });
  await kvm.create(PLAN_BUCKET, { history: 1 });
  for (const bucket of [CONFIG_BUCKET, PLAN_BUCKET]) {
    await manager.streams.update(streamOf(bucket), { allow_atomic: true });
  }
  await ensureStream(manager, {
    name: FRAMES_STREAM,
    subjects: ['capmesh.v1.frames.>'],
    max_age: nanos(10 * MINUTE_MS),
    max_bytes: 128 * MIB,
    duplicate_window: nanos(2 * MINUTE_MS),
  });
  await ensureStream(manager, {
    name: EVENTS_STREAM,
    subjects: ['capmesh.v1.events.>'],
    max_age: nanos(EVENTS_KEPT_MS),
    max_bytes: 128 * MIB,
    duplicate_window: nanos(10 * MINUTE_MS),
  });
  await manager.streams.update(EVENTS_STREAM, { allow_atomic: true });
  await ensureStream(manager, {
    name: KERNEL_STREAM,
    subjects: ['capmesh.v1.kernel.>'],
    max_age: nanos(10 * MINUTE_MS),
    max_bytes: 64 * MIB,
    duplicate_window: nanos(2 * MINUTE_MS),
  });
  return {
    connection,
    jetstream: jetstream(connection),
    manager,
    config,
    ledger: await kvm.create(LEDGER_BUCKET, { history: 1 }),
    leases: await kvm.create(LEASES_BUCKET, { history: 1 }),
    keys: await kvm.create(KEYS_BUCKET, { history: 1 }),
    control: await kvm.create(CONTROL_BUCKET, { history: 1 }),
  };
}

type StreamNeeds = Pick<StreamConfig, 'name' | 'subjects' | 'max_age' | 'max_bytes' | 'duplicate_window'>;

async function ensureStream(manager: JetStreamManager, needs: StreamNeeds): Promise<void> {
  const names = await manager.streams.names().next();
  if (names.includes(needs.name)) {
    return;
  }
  await manager.streams.add({
    ...needs,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: StorageType.File,
  });
}
