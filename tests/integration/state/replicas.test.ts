import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { LeaderWrites, NotLeadingError } from '../../../control-plane/leader/leader-writes.ts';
import { decodeAccount } from '../../../control-plane/state/account-codec.ts';
import { openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { PlanStore } from '../../../control-plane/state/plan-store.ts';
import { createLogger } from '../../../platform/logger.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import { ApplyRequest, SetBudgetRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { LeaderWritesSeen } from '../../support/leader-writes-seen.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { PlaneReplica } from '../../support/plane-replica.ts';
import { waitFor } from '../../support/wait-for.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const logger = createLogger('test');
const NODES = ['node-1', 'node-2', 'node-3'];
const shop = () => {
  const parsed = parseMeshFile(WORKED_EXAMPLE);
  return parsed.ok ? meshToMessage(parsed.value) : undefined;
};

describe('three replicas of the control plane', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;
  let seen: LeaderWritesSeen;
  let replicas: PlaneReplica[] = [];
  let secret = '';

  /** The one that leads, once it and all others that answer agree on that. */
  const leaderOf = (asked: readonly PlaneReplica[], epoch: number): Promise<PlaneReplica> =>
    waitFor(`a leader of epoch ${epoch}`, async () => {
      const standings = await Promise.all(asked.map((replica) => replica.standing()));
      const agree = standings.every((standing) => standing.epoch === epoch);
      const leaders = asked.filter((_, index) => standings[index]?.role === 'leader');
      return agree && leaders.length === 1 && leaders[0];
    });
  const writtenIn = (epoch: number): Promise<boolean> =>
    waitFor(`a write in epoch ${epoch}`, async () => seen.writes.some((write) => write.epoch === epoch));
  const others = (leader: PlaneReplica): PlaneReplica[] => replicas.filter((replica) => replica !== leader);

  before(async () => {
    nats = await startNats('shop', NODES);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
    seen = await LeaderWritesSeen.open(store.jetstream);
    replicas = await Promise.all(NODES.map((node) => PlaneReplica.start(nats, node)));
  });
  after(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    seen?.stop();
    await connection?.close();
    await nats?.stop();
  });

  it('have one leader, and all say who it is', async () => {
    const leader = await leaderOf(replicas, 1);
    const [own] = (await leader.status()).replicas;
    for (const replica of replicas) equal((await replica.standing()).leader, own?.replica);
    await waitFor('everybody to know three', async () => {
      const counts = await Promise.all(replicas.map(async (replica) => (await replica.status()).replicas.length));
      return counts.every((count) => count === 3);
    });
    const metrics = await (await fetch(`${leader.restUrl}/metrics`)).text();
    ok(/^capmesh_leader 1$/m.test(metrics) && /^capmesh_replicas 3$/m.test(metrics));
  });

  it('bring an edit that one of them took to the nodes of all, in one version', async () => {
    const [first] = others(await leaderOf(replicas, 1));
    ok(first);
    const answer = await grpcCall(first.admin, first.admin.apply, ApplyRequest.fromPartial({ mesh: shop() }));
    equal(answer.applied, true);
    for (const replica of replicas) {
      const status = await waitFor('the roll-out', async () => {
        const now = await replica.status();
        return now.lastEdit?.revision === answer.revision && now.lastEdit.nodesApplied === 3 && now;
      });
      equal(status.lastEdit?.nodesTotal, 3);
      equal(new Set(status.nodes.map(({ version }) => version)).size, 1);
      deepEqual(
        status.nodes.map(({ node, upToDate }) => [node, upToDate]),
        NODES.map((node) => [node, true]),
      );
    }
  });

  it('know at each of them what the kernel of the leader knows', async () => {
    for (const replica of replicas) {
      const edges = await waitFor('edges', async () => {
        const status = await replica.status();
        return status.edges.length > 0 && status.edges;
      });
      const edge = edges.find(({ workload, service }) => workload === 'checkout' && service === 'payment');
      equal(edge?.guaranteeRps?.toFixed(1), '266.7');
    }
  });

  it('admit into one account, and give back what expires although nobody comes back for it', async () => {
    const [a, b, c] = replicas as [PlaneReplica, PlaneReplica, PlaneReplica];
    ({ secret } = await grpcCall(a.admin, a.admin.enrol, { workload: 'batch' }));
    await waitFor(
      'the others to know the secret',
      async () => (await b.request(secret, { cInt: 0.1 }, 1)).message !== undefined,
    );
    await waitFor('the account to be free', async () => (await a.request(secret, { cInt: 1 }, 1)).admitted);
    const [refusedByB, refusedByC] = [
      await b.request(secret, { cInt: 0.5 }, 1),
      await c.request(secret, { cInt: 0.5 }, 1),
    ];
    deepEqual([refusedByB.admitted, refusedByC.admitted], [false, false]);
    deepEqual(refusedByB.bindingAxes, ['int']);
    await waitFor('capacity after the expiry', async () => (await c.request(secret, { cInt: 1 }, 1)).admitted, 4000);
  });

  it('a leader that is paused stops, another takes over, and what the first still wants to write counts for nothing', async () => {
    const paused = await leaderOf(replicas, 1);
    paused.plane.child.kill('SIGSTOP');
    const pausedMs = performance.now();
    const next = await leaderOf(others(paused), 2);
    const tookMs = performance.now() - pausedMs;
    ok(tookMs > 1500, `${tookMs} ms: before the paused one had to stop`);
    await writtenIn(2);
    paused.plane.child.kill('SIGCONT');
    equal(await leaderOf(replicas, 2), next);
    equal((await paused.standing()).role, 'follower');
    const budget = { workload: 'batch', service: 'payment', vector: { cInt: 0.4 } };
    const request = SetBudgetRequest.fromPartial({ budget, merge: true });
    const answer = await grpcCall(paused.admin, paused.admin.setBudget, request);
    equal(answer.applied, true);
    await waitFor('the edit to be at the nodes of all', async () => {
      const { lastEdit } = await paused.status();
      return lastEdit?.revision === answer.budget?.revision && lastEdit?.nodesApplied === 3;
    });
  });

  it('a leader that is killed is followed by one of the rest, with whatever was granted', async () => {
    const killed = await leaderOf(replicas, 2);
    const granted = await waitFor('a grant', async () => {
      const answer = await killed.request(secret, { cInt: 0.25 }, 60);
      return answer.admitted && answer;
    });
    await killed.plane.end('SIGKILL');
    replicas = others(killed);
    killed.envoy.close();
    const next = await leaderOf(replicas, 3);
    await writtenIn(3);
    const account = decodeAccount((await store.ledger.get('account.batch'))?.string() ?? '');
    ok(account.grants.some(({ jti }) => jti === granted.grantId));
    const refused = await next.request(secret, { cInt: 0.8 }, 1);
    deepEqual([refused.admitted, refused.available?.cInt], [false, 0.75]);
  });

  it('wrote one after the other: one process in each epoch, and none after the next', async () => {
    await seen.readEvents();
    const writers = seen.writers();
    deepEqual([...writers.keys()].sort(), [1, 2, 3]);
    for (const [epoch, processes] of writers) equal(processes.size, 1, `epoch ${epoch}`);
    notEqual([...(writers.get(1) ?? [])][0], [...(writers.get(2) ?? [])][0]);
    deepEqual(seen.late(), []);
  });

  it('the store itself refuses a leader that is none any more', async () => {
    let fenced = 0;
    const writesOf = (epoch: number) =>
      new LeaderWrites(store, { epoch, process: randomUUID(), mayWrite: () => true }, () => {
        fenced += 1;
      });
    const [before, now] = [writesOf(8), writesOf(9)];
    await before.putKey('capmesh_leases', 'node-9', Buffer.from('first'));
    await now.putKey('capmesh_leases', 'node-9', Buffer.from('second'));
    await rejects(before.putKey('capmesh_leases', 'node-9', Buffer.from('late')), NotLeadingError);
    equal(fenced, 1);
    equal((await store.leases.get('node-9'))?.string(), 'second');
  });

  it('the store takes a plan only on top of the one that its leader knows', async () => {
    const writesOf = (epoch: number) =>
      new LeaderWrites(store, { epoch, process: randomUUID(), mayWrite: () => true }, () => {});
    const [one, two] = [await PlanStore.open(store, 'shop', logger), await PlanStore.open(store, 'shop', logger)];
    const origin = { revision: 1, edited: true, held: false };
    const plan = (nodeCount: number) => ({ mesh: 'shop', nodeCount, services: one.current?.plan.services ?? [] });
    await Promise.all([one.write(plan(5), origin, writesOf(9)), two.write(plan(6), origin, writesOf(9))]);
    await rejects(one.write(plan(7), origin, writesOf(8)), NotLeadingError);
    for (const plans of [one, two]) {
      ok([5, 6].includes(plans.current?.plan.nodeCount ?? 0));
      equal(plans.current?.epoch, 9);
      plans.stop();
    }
  });
});
