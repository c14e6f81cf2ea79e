import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm, type KvWatchEntry } from '@nats-io/kv';
import type { Logger } from '../../platform/logger.ts';
import type { NatsConnection } from '../../platform/nats-connection.ts';
import type { SidecarState, StoreEntry, Taken } from './sidecar-state.ts';

export interface WatchStoreOptions {
  readonly connection: NatsConnection;
  readonly node: string;
  readonly state: SidecarState;
  /** Called after every entry that changed something. */
  readonly onChange: () => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const RETRY_MS = 1000;

interface Watched {
  readonly bucket: string;
  readonly key: string;
  /** Takes one entry; `anew` while the present entries are read. */
  readonly take: (entry: StoreEntry, anew: boolean) => Taken;
  /** All present entries were read, under these keys; never called where there is none. */
  readonly read: (keys: ReadonlySet<string>) => void;
  /** Called before a watch. */
  readonly begin: (bucket: KV) => Promise<void>;
}

/**
 * Follows this node's lease and the mesh's keys for as long as `signal` lets it.
 * A watch that ends is begun again and then reads all present entries anew, so
 * that nothing which happened in between is missed.
 */
export async function watchStore(options: WatchStoreOptions): Promise<void> {
  const { node, state } = options;
  const leases: Watched = {
    bucket: 'capmesh_leases',
    key: node,
    take: (entry, anew) => state.takeLease(entry, anew),
    read: () => state.leaseRead(),
    begin: async (bucket) => {
      if ((await bucket.get(node)) === null) state.leaseRead();
    },
  };
  const keys: Watched = {
    bucket: 'capmesh_keys',
    key: '>',
    take: (entry) => state.takeKey(entry),
    read: (present) => state.keepKeys(kidsOf(present)),
    begin: async () => undefined,
  };
  await Promise.all([followForEver(leases, options), followForEver(keys, options)]);
}

async function followForEver(watched: Watched, options: WatchStoreOptions): Promise<void> {
  const { logger, signal } = options;
  while (!signal.aborted) {
    try {
      await follow(watched, options);
    } catch (error) {
      logger.warn({ err: error, bucket: watched.bucket }, 'a watch of the store ended, beginning again');
    }
    if (!signal.aborted) await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function follow(watched: Watched, { connection, onChange, logger, signal }: WatchStoreOptions): Promise<void> {
  // A sidecar may read these buckets and ask for nothing else of the server.
  const kvm = new Kvm(jetstream(connection, { checkAPI: false }));
  const bucket = await kvm.open(watched.bucket, { allow_direct: true });
  await watched.begin(bucket);
  const watch = await bucket.watch({ key: watched.key });
  const stop = (): void => watch.stop();
  signal.addEventListener('abort', stop, { once: true });
  // An abort while the watch was being opened is not told to listeners any more.
  if (signal.aborted) stop();
  const present = new Set<string>();
  let anew = true;
  try {
    for await (const entry of watch) {
      const taken = watched.take(storeEntryOf(entry), anew);
      if (taken === 'invalid')
        logger.warn({ bucket: watched.bucket, key: entry.key }, 'an entry of the store is invalid');
      if (anew && entry.operation === 'PUT') present.add(entry.key);
      if (anew && entry.delta === 0) {
        anew = false;
        watched.read(present);
      }
      if (taken === 'taken') onChange();
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function storeEntryOf(entry: KvWatchEntry): StoreEntry {
  const value = entry.operation === 'PUT' ? entry.value : null;
  return { key: entry.key, value, writtenMs: entry.created.getTime() };
}

function kidsOf(keys: ReadonlySet<string>): ReadonlySet<string> {
  const prefix = 'jwk.';
  return new Set([...keys].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)));
}
