import { deepEqual, equal, ok } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, afterEach, before, describe, it } from 'mocha';
import { decodeAccount } from '../../../control-plane/state/account-codec.ts';
import { openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import { ApplyRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { PlaneReplica } from '../../support/plane-replica.ts';
import { waitFor } from '../../support/wait-for.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
/** Two of three replicas have to know a grant, and all three. */
const MAJORITY = 0.5;
const ALL = 1;

describe('grants that wait for replicas (CONTRACT §D, C_gauge)', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;
  let started: PlaneReplica[] = [];
  /** Those that have not left. */
  let replicas: PlaneReplica[] = [];
  let secret = '';
  const paused = new Set<PlaneReplica>();

  const pause = (replica: PlaneReplica | undefined): void => {
    ok(replica);
    replica.plane.child.kill('SIGSTOP');
    paused.add(replica);
  };
  /** Everybody hears everybody. */
  const complete = () =>
    waitFor('everybody to know everybody', async () => {
      const counts = await Promise.all(replicas.map(async (replica) => (await replica.status()).replicas.length));
      return counts.every((count) => count === replicas.length);
    });
  /** A small grant, as a replica admits it that may not know its mesh's gates at the moment. */
  const ask = async (replica: PlaneReplica | undefined, cGauge: number) => {
    ok(replica);
    const startMs = performance.now();
    const answer = await replica.request(secret, { cInt: 0.01, cPtr: 0.01, cObs: 0.01, cGeo: 0.1, cGauge }, 600);
    return { ...answer, tookMs: performance.now() - startMs };
  };
  const stored = async () => decodeAccount((await store.ledger.get('account.batch'))?.string() ?? '{"grants":[]}');

  before(async () => {
    nats = await startNats('shop', NODES);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
    started = await Promise.all(NODES.map((node) => PlaneReplica.start(nats, node)));
    replicas = started;
    const [first] = replicas;
    ok(first);
    const parsed = parseMeshFile(WORKED_EXAMPLE);
    const mesh = parsed.ok ? meshToMessage(parsed.value) : undefined;
    equal((await grpcCall(first.admin, first.admin.apply, ApplyRequest.fromPartial({ mesh }))).applied, true);
    ({ secret } = await grpcCall(first.admin, first.admin.enrol, { workload: 'batch' }));
    await complete();
    await waitFor('grants of everybody', async () => {
      const answers = await Promise.all(replicas.map((replica) => ask(replica, ALL).catch(() => null)));
      return answers.every((answer) => answer?.admitted);
    });
  });
  afterEach(async () => {
    for (const replica of paused) replica.plane.child.kill('SIGCONT');
    paused.clear();
    await complete();
  });
  after(async () => {
    await Promise.all(started.map((replica) => replica.close()));
    await connection?.close();
    await nats?.stop();
  });

  it('are answered at once while all replicas live, and known to all of them by then', async () => {
    const { admitted, grantId, tookMs, message } = await ask(replicas[0], ALL);
    equal(admitted, true, message);
    ok(tookMs < 1000, `${tookMs} ms`);
    ok((await stored()).grants.some(({ jti }) => jti === grantId));
  });

  it('go on with one replica paused where two are enough, and are undone where three are needed', async () => {
    pause(replicas[2]);
    const enough = await ask(replicas[0], MAJORITY);
    deepEqual([enough.admitted, enough.tookMs < 1000], [true, true], enough.message);
    const before = (await stored()).grants.map(({ jti }) => jti);
    const missing = await ask(replicas[1], ALL);
    deepEqual([missing.admitted, missing.reason], [false, 'quorum-timeout'], missing.message);
    ok(missing.tookMs >= 1900 && missing.tookMs < 4000, `${missing.tookMs} ms`);
    deepEqual(
      (await stored()).grants.map(({ jti }) => jti),
      before,
    );
  });

  it('are undone with two replicas paused, also when these have been silent for long', async () => {
    pause(replicas[1]);
    pause(replicas[2]);
    const [alone] = replicas;
    const atOnce = await ask(alone, MAJORITY);
    deepEqual([atOnce.admitted, atOnce.reason], [false, 'quorum-timeout'], atOnce.message);
    await waitFor('the others to count as gone', async () => (await alone?.status())?.replicas.length === 1);
    const before = (await stored()).grants.map(({ jti }) => jti);
    const later = await ask(alone, MAJORITY);
    deepEqual([later.admitted, later.reason], [false, 'quorum-timeout'], later.message);
    deepEqual(
      (await stored()).grants.map(({ jti }) => jti),
      before,
    );
  });

  it('are answered again when the others are back', async () => {
    const { admitted, message } = await ask(replicas[1], ALL);
    equal(admitted, true, message);
  });

  it('need fewer replicas once one has left in an orderly way', async () => {
    const [stays, , leaves] = replicas;
    ok(leaves);
    replicas = replicas.slice(0, 2);
    await leaves.close();
    const answer = await waitFor('a grant that two replicas are enough for', async () => {
      const each = await ask(stays, ALL);
      return each.admitted && each;
    });
    ok(answer.tookMs < 1000, `${answer.tookMs} ms`);
  });
});
