import { deepEqual, equal, ok } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { ConfigStore } from '../../../control-plane/state/config-store.ts';
import type { ConfigView } from '../../../control-plane/state/config-view.ts';
import { openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { publishBatch } from '../../../control-plane/state/publish-batch.ts';
import { createLogger } from '../../../platform/logger.ts';
import { CONFIG_BATCH_MAX } from '../../../platform/nats-server-config.ts';
import { type NatsFixture, reconnected, startNats } from '../../support/nats-fixture.ts';

const workload = (name: string, weight = 1) => ({ name, tenant: name, prio: 5, weight });
const logger = createLogger('test');

describe('config store on a real nats-server', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;
  let config: ConfigStore;

  before(async () => {
    nats = await startNats('shop', []);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
    config = await ConfigStore.open(store, 'shop', logger);
  });

  after(async () => {
    config?.stop();
    await connection?.close();
    await nats?.stop();
  });

  it('opens an empty store and may be opened twice', async () => {
    equal(config.view.revision, 0);
    equal(config.view.config.mesh, 'shop');
    equal(config.view.config.workloads.size, 0);
    await openStore(connection);
  });

  it('stores a batch and shows it at once and as a whole', async () => {
    const seen: ConfigView[] = [];
    const end = config.subscribe((view) => seen.push(view));
    const outcome = await config.commit(config.view, [
      { key: 'workload.a', value: workload('a') },
      { key: 'workload.b', value: workload('b') },
      { key: 'workload.c', value: workload('c') },
    ]);
    end();
    deepEqual(outcome, { kind: 'stored', revision: 3 });
    deepEqual(
      seen.map((view) => view.config.workloads.size),
      [0, 3],
    );
    deepEqual(
      [...config.view.revisions],
      [
        ['workload.a', 1],
        ['workload.b', 2],
        ['workload.c', 3],
      ],
    );
  });

  it('stores a batch of one', async () => {
    const outcome = await config.commit(config.view, [{ key: 'workload.d', value: workload('d') }]);
    equal(outcome.kind, 'stored');
    equal(config.view.config.workloads.size, 4);
  });

  it('stores nothing of a batch in which one revision is stale, wherever it stands', async () => {
    const before = (await store.manager.streams.info('KV_capmesh_config')).state;
    const messages = ['a', 'b', 'c'].map((name) => ({
      subject: `$KV.capmesh_config.workload.${name}`,
      payload: JSON.stringify(workload(name, 9)),
      expectedRevision: config.view.revisions.get(`workload.${name}`) ?? 0,
    }));
    for (const stale of messages.keys()) {
      const batch = messages.map((message, index) =>
        index === stale ? { ...message, expectedRevision: 77 } : message,
      );
      deepEqual(await publishBatch(connection, batch, config.view.revision), { kind: 'stale' });
    }
    const after = (await store.manager.streams.info('KV_capmesh_config')).state;
    equal(after.last_seq, before.last_seq);
    equal(config.view.config.workloads.get('a')?.weight, 1);
  });

  it('refuses an edit that was computed from an older view, though it touches other objects', async () => {
    const base = config.view;
    equal((await config.commit(base, [{ key: 'workload.a', value: workload('a', 2) }])).kind, 'stored');
    deepEqual(await config.commit(base, [{ key: 'workload.b', value: workload('b', 2) }]), { kind: 'stale' });
    equal(config.view.config.workloads.get('b')?.weight, 1);
  });

  it('deletes and writes again', async () => {
    await config.commit(config.view, [{ key: 'workload.d', value: null }]);
    equal(config.view.config.workloads.has('d'), false);
    equal(config.view.revisions.has('workload.d'), false);
    await config.commit(config.view, [{ key: 'workload.d', value: workload('d', 3) }]);
    equal(config.view.config.workloads.get('d')?.weight, 3);
  });

  it('stores thousands of objects at once, and says so when they are too many', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ key: `workload.x${index}`, value: workload(`x${index}`) }));
    const sizes: number[] = [];
    const end = config.subscribe((view) => sizes.push(view.config.workloads.size));
    const size = config.view.config.workloads.size;
    equal((await config.commit(config.view, many(2000))).kind, 'stored');
    end();
    deepEqual(sizes, [size, size + 2000]);
    equal(config.view.config.workloads.has('x1999'), true);
    const before = config.view;
    deepEqual(await config.commit(before, many(CONFIG_BATCH_MAX + 1)), { kind: 'too-large' });
    equal(config.view, before);
  });

  it('keeps the good objects when one stored value is damaged', async () => {
    const revision = await store.config.put('workload.b', '{not json');
    await config.reached(revision);
    equal(config.view.config.workloads.get('b')?.weight, 1);
    equal((await config.commit(config.view, [{ key: 'workload.b', value: workload('b', 4) }])).kind, 'stored');
    equal(config.view.config.workloads.get('b')?.weight, 4);
  });

  it('keeps everything and goes on when the server is killed and comes back', async () => {
    const before = config.view;
    const back = reconnected(connection);
    await nats.restart();
    await back;
    const outcome = await config.commit(before, [{ key: 'workload.a', value: workload('a', 5) }]);
    equal(outcome.kind, 'stored');
    const again = await ConfigStore.open(store, 'shop', logger);
    deepEqual(again.view, config.view);
    ok(again.view.revision > before.revision);
    again.stop();
  });
});
