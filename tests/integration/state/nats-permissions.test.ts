import { deepEqual, equal, rejects } from 'node:assert/strict';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { FrameFeed } from '../../../control-plane/telemetry/frame-feed.ts';
import { createLogger } from '../../../platform/logger.ts';
import { answerRequests, askAll } from '../../../platform/nats-requests.ts';
import { Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { type NatsFixture, reconnected, startNats } from '../../support/nats-fixture.ts';

const logger = createLogger('test');

describe('nats-server-config on a real nats-server', () => {
  let nats: NatsFixture;
  let controlPlane: NatsConnection;
  let sidecar: NatsConnection;

  before(async () => {
    nats = await startNats('shop', ['node-1', 'node-2']);
    controlPlane = await nats.connect('control-plane');
    const kvm = new Kvm(controlPlane);
    for (const bucket of ['capmesh_leases', 'capmesh_keys', 'capmesh_ledger', 'capmesh_config', 'capmesh_control']) {
      await (await kvm.create(bucket)).put('node-1', 'as it was');
    }
    await (await kvm.open('capmesh_leases')).put('node-2', 'as it was');
    const manager = await jetstreamManager(controlPlane);
    await manager.streams.add({ name: 'CAPMESH_FRAMES', subjects: ['capmesh.v1.frames.>'] });
    sidecar = await nats.connect('node-1');
  });

  after(async () => {
    await sidecar?.close();
    await controlPlane?.close();
    await nats?.stop();
  });

  it('lets a sidecar send its own frames', async () => {
    const ack = await jetstream(sidecar).publish('capmesh.v1.frames.shop.node-1', 'frame');
    equal(ack.seq, 1);
  });

  it('lets a sidecar watch its lease and the keys, also after the server was killed', async () => {
    const kvm = new Kvm(jetstream(sidecar, { checkAPI: false }));
    const own = new Kvm(controlPlane);
    const watched = [
      { bucket: 'capmesh_leases', key: 'node-1' },
      { bucket: 'capmesh_keys', key: '>' },
    ];
    const watches = await Promise.all(
      watched.map(async ({ bucket, key }) => (await kvm.open(bucket, { allow_direct: true })).watch({ key })),
    );
    const values = watches.map((watch) => watch[Symbol.asyncIterator]());
    for (const [index, { bucket }] of watched.entries()) {
      equal((await values[index]?.next())?.value?.string(), 'as it was');
      await (await own.open(bucket)).put('node-1', 'changed');
      equal((await values[index]?.next())?.value?.string(), 'changed');
    }
    const back = Promise.all([reconnected(controlPlane), reconnected(sidecar)]);
    await nats.restart();
    await back;
    for (const [index, { bucket }] of watched.entries()) {
      await (await own.open(bucket)).put('node-1', 'as it was');
      equal((await values[index]?.next())?.value?.string(), 'as it was');
      watches[index]?.stop();
    }
  });

  it('lets a sidecar answer what the control plane asks it, once, and nobody else', async () => {
    const warned: object[] = [];
    const end = answerRequests(
      sidecar,
      'capmesh.v1.refusals.shop.node-1',
      (asked) => Buffer.from(`heard ${Buffer.from(asked)}`),
      { warn: (log: object) => warned.push(log) },
    );
    await sidecar.flush();
    const subjects = ['capmesh.v1.refusals.shop.node-2', 'capmesh.v1.refusals.shop.node-1'];
    const answers = await askAll(controlPlane, subjects, Buffer.from('why'), 2000);
    deepEqual(
      answers.map((answer) => Buffer.from(answer).toString()),
      ['heard why'],
      'nobody listens for node-2',
    );
    end();
    deepEqual(await askAll(controlPlane, subjects, Buffer.from('why'), 2000), []);
    deepEqual(warned, []);
  });

  it('refuses a sidecar that listens to what another is asked', async () => {
    const heard = sidecar.subscribe('capmesh.v1.refusals.shop.node-2');
    await rejects(async () => {
      for await (const _ of heard) {
        throw new Error('heard a question');
      }
    }, /[Pp]ermissions? [Vv]iolation/);
  });

  for (const subject of [
    'capmesh.v1.refusals.shop.node-2',
    '_INBOX.control-plane.anything',
    'capmesh.v1.frames.shop.node-2',
    'capmesh.v1.events._mesh',
    'capmesh.v1.operations.shop.node-2.check',
    '_INBOX.control-plane.x',
    '$KV.capmesh_leases.node-1',
    '$KV.capmesh_leases.node-2',
    '$KV.capmesh_keys.node-1',
    '$KV.capmesh_ledger.node-1',
    '$KV.capmesh_config.node-1',
    '$KV.capmesh_control.orders.shop',
  ]) {
    it(`refuses a sidecar's write to ${subject}`, async () => {
      await rejects(sidecar.request(subject, 'forged', { timeout: 2000 }), /[Pp]ermissions? [Vv]iolation/);
    });
  }

  for (const subject of [
    '$JS.API.DIRECT.GET.KV_capmesh_leases.$KV.capmesh_leases.node-2',
    '$JS.API.DIRECT.GET.KV_capmesh_ledger.$KV.capmesh_ledger.node-1',
    '$JS.API.CONSUMER.CREATE.KV_capmesh_leases.x.$KV.capmesh_leases.node-2',
    '$JS.API.CONSUMER.CREATE.CAPMESH_FRAMES.x',
    '$JS.API.STREAM.DELETE.KV_capmesh_keys',
    '$JS.API.STREAM.PURGE.KV_capmesh_leases',
    '$JS.API.STREAM.MSG.GET.KV_capmesh_ledger',
  ]) {
    it(`refuses a sidecar's request to ${subject}`, async () => {
      await rejects(sidecar.request(subject, '{}', { timeout: 2000 }), /[Pp]ermissions? [Vv]iolation/);
    });
  }

  it('lets a sidecar answer what it is asked about operations, once', async () => {
    const subject = 'capmesh.v1.operations.shop.node-1.check';
    let asked: Msg | undefined;
    const answering = sidecar.subscribe(subject, {
      callback: (_error, message) => {
        asked = message;
        message.respond('first');
      },
    });
    await sidecar.flush();
    equal((await controlPlane.request(subject, 'check', { timeout: 2000 })).string(), 'first');
    answering.unsubscribe();
    const again = sidecar.request(asked?.reply ?? '', 'second', { timeout: 2000 });
    await rejects(again, /[Pp]ermissions? [Vv]iolation/);
  });

  for (const subject of ['capmesh.v1.operations.shop.node-2.check', 'capmesh.v1.operations.shop.>']) {
    it(`refuses a sidecar that listens to ${subject}`, async () => {
      const heard = sidecar.subscribe(subject);
      await rejects(async () => {
        for await (const _ of heard) throw new Error('heard a request');
      }, /[Pp]ermissions? [Vv]iolation/);
    });
  }

  it('refuses a sidecar that listens to the replies of others', async () => {
    const heard = sidecar.subscribe('_INBOX.control-plane.>');
    await rejects(async () => {
      for await (const _ of heard) {
        throw new Error('heard a reply');
      }
    }, /[Pp]ermissions? [Vv]iolation/);
  });

  it('does not let a consumer deliver a lease into the ledger, the keys or the frames', async () => {
    const frames: string[] = [];
    const feed = new FrameFeed(controlPlane, 'shop', ({ node }) => frames.push(node), logger);
    for (const [index, target] of [
      '$KV.capmesh_ledger.node-1',
      '$KV.capmesh_keys.node-1',
      'capmesh.v1.frames.shop.node-2',
    ].entries()) {
      const name = `evil${index}`;
      const config = {
        name,
        deliver_subject: target,
        deliver_policy: 'all',
        ack_policy: 'none',
        filter_subject: '$KV.capmesh_leases.node-1',
      };
      await sidecar.request(
        `$JS.API.CONSUMER.CREATE.KV_capmesh_leases.${name}.$KV.capmesh_leases.node-1`,
        JSON.stringify({ stream_name: 'KV_capmesh_leases', config, action: 'create' }),
      );
    }
    const kvm = new Kvm(controlPlane);
    const smuggled = Frame.encode(Frame.fromPartial({ mesh: 'node-1' })).finish();
    await (await kvm.open('capmesh_leases')).put('node-1', smuggled);
    const own = await new Kvm(jetstream(sidecar, { checkAPI: false })).open('capmesh_leases', { allow_direct: true });
    for await (const { value } of await own.watch({ key: 'node-1' })) {
      if (Buffer.compare(value, smuggled) === 0) break;
    }
    await controlPlane.flush();
    for (const bucket of ['capmesh_ledger', 'capmesh_keys']) {
      equal((await (await kvm.open(bucket)).get('node-1'))?.string(), 'as it was');
    }
    const { state } = await (await jetstreamManager(controlPlane)).streams.info('CAPMESH_FRAMES', {
      subjects_filter: '>',
    });
    deepEqual(state.subjects, { 'capmesh.v1.frames.shop.node-1': 1 });
    deepEqual(frames, []);
    feed.stop();
  });
});
