import assert from 'node:assert/strict';
import { XdsServer } from '../../../control-plane/xds/xds-server.ts';
import { buildSnapshot } from '../../../envoy/render-plan.ts';
import { runtimeResource } from '../../../envoy/runtime-layer.ts';
import { RESOURCE_TYPES as TYPES } from '../../../envoy/type-urls.ts';
import { systemClock } from '../../../platform/clock.ts';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '../../../proto/gen/envoy/service/discovery/v3/discovery.ts';
import { type AdsStream, deltaRequest, deltaStream, serveXds, type XdsEndpoint } from '../../support/ads-client.ts';
import { edgePlan, planOf, servicePlan } from '../../support/plans.ts';
import { quietLogger } from '../../support/quiet-logger.ts';

const node = { id: 'node-1' };
const plan = planOf(servicePlan('payment', { edges: [edgePlan('checkout', 'payment')] }));
const snapshot = buildSnapshot(plan);

/** Incremental xDS, message by message (Envoy's xDS protocol page). */
describe('xDS server, incremental protocol', () => {
  let xds: XdsServer;
  let endpoint: XdsEndpoint;
  let stream: AdsStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

  beforeEach(async () => {
    // No type passes another only because time went by.
    const times = { stageMs: 60_000, answerMs: 60_000 };
    xds = new XdsServer({ clock: systemClock, logger: quietLogger, times });
    endpoint = await serveXds(xds);
    xds.publish(snapshot, { revision: 1, edited: true });
    stream = deltaStream(endpoint.address);
  });

  afterEach(() => {
    stream.close();
    endpoint.stop();
  });

  const versionsOf = (typeUrl: string) =>
    Object.fromEntries(
      [...(snapshot.sets.get(typeUrl)?.resources.values() ?? [])].map(({ name, version }) => [name, version]),
    );
  const ask = (typeUrl: string, rest: object = {}) => stream.send(deltaRequest({ node, typeUrl, ...rest }));
  const acknowledge = ({ typeUrl, nonce }: DeltaDiscoveryResponse) =>
    stream.send(deltaRequest({ typeUrl, responseNonce: nonce }));

  it('sends everything in the first answer to a client that holds nothing', async () => {
    ask(TYPES.cluster);
    assert.equal((await stream.next()).resources.length, 2);
  });

  it('answers a client that already holds everything with nothing', async () => {
    ask(TYPES.cluster, { initialResourceVersions: versionsOf(TYPES.cluster) });
    const answer = await stream.next();
    assert.equal(answer.typeUrl, TYPES.cluster);
    assert.deepEqual([answer.resources, answer.removedResources], [[], []]);
  });

  it('sends what differs from what the client held, and takes away what is gone', async () => {
    const held = { ...versionsOf(TYPES.cluster), 'edge/checkout/payment': 'older', 'edge/gone/payment': 'x' };
    ask(TYPES.cluster, { initialResourceVersions: held });
    const change = await stream.next();
    assert.deepEqual(
      change.resources.map(({ name }) => name),
      ['edge/checkout/payment'],
    );
    acknowledge(change);
    // Removals wait until everything that the change needs has been asked for and acknowledged.
    ask(TYPES.endpoints, {
      resourceNamesSubscribe: ['payment'],
      initialResourceVersions: versionsOf(TYPES.endpoints),
    });
    const endpoints = await stream.next();
    assert.deepEqual(
      endpoints.resources.map(({ name }) => name),
      ['payment'],
      'again, after a changed cluster',
    );
    acknowledge(endpoints);
    const removal = await stream.next();
    assert.deepEqual([removal.typeUrl, removal.removedResources], [TYPES.cluster, ['edge/gone/payment']]);
  });

  it('sends endpoints without waiting for the acknowledgement of their clusters', async () => {
    // Envoy withholds that acknowledgement until a changed cluster is warm, so until its endpoints have come.
    ask(TYPES.endpoints, { resourceNamesSubscribe: ['payment'], initialResourceVersions: versionsOf(TYPES.endpoints) });
    acknowledge(await stream.next());
    ask(TYPES.cluster, {
      initialResourceVersions: { ...versionsOf(TYPES.cluster), 'edge/checkout/payment': 'older' },
    });
    assert.equal((await stream.next()).typeUrl, TYPES.cluster);
    const endpoints = await stream.next();
    assert.deepEqual([endpoints.typeUrl, endpoints.resources.map(({ name }) => name)], [TYPES.endpoints, ['payment']]);
  });

  it('says so when a name does not exist, and sends it when it comes to be', async () => {
    ask(TYPES.endpoints, { resourceNamesSubscribe: ['inventory'] });
    const absent = await stream.next();
    assert.deepEqual([absent.resources, absent.removedResources], [[], ['inventory']]);
    acknowledge(absent);
    const grown = planOf(...plan.services, servicePlan('inventory'));
    xds.publish(buildSnapshot(grown), { revision: 2, edited: true });
    assert.deepEqual(
      (await stream.next()).resources.map(({ name }) => name),
      ['inventory'],
    );
  });

  it('sends a resource that is subscribed to again', async () => {
    ask(TYPES.endpoints, { resourceNamesSubscribe: ['payment'] });
    acknowledge(await stream.next());
    ask(TYPES.endpoints, { resourceNamesSubscribe: ['payment'] });
    assert.deepEqual(
      (await stream.next()).resources.map(({ name }) => name),
      ['payment'],
    );
  });

  it('forgets names that are unsubscribed from', async () => {
    ask(TYPES.endpoints, { resourceNamesSubscribe: ['payment'] });
    acknowledge(await stream.next());
    ask(TYPES.endpoints, { resourceNamesUnsubscribe: ['payment'] });
    ask(TYPES.runtime, { resourceNamesSubscribe: ['capmesh'] });
    acknowledge(await stream.next());
    const moved = planOf({ ...servicePlan('payment'), endpoints: ['127.0.0.1:9999'] });
    xds.publish(buildSnapshot(moved), { revision: 2, edited: true });
    xds.publishRuntime(runtimeResource({ value: 1 }));
    assert.equal((await stream.next()).typeUrl, TYPES.runtime, 'not the endpoints');
  });

  it('keeps one response under way per type; the newest content goes next', async () => {
    ask(TYPES.runtime, { resourceNamesSubscribe: ['capmesh'] });
    const first = await stream.next();
    for (let value = 1; value <= 5; value += 1) xds.publishRuntime(runtimeResource({ value }));
    acknowledge(first);
    const second = await stream.next();
    assert.equal(second.resources[0]?.version, runtimeResource({ value: 5 }).version);
    acknowledge(second);
    ask(TYPES.listener);
    assert.equal((await stream.next()).typeUrl, TYPES.listener, 'nothing else was queued');
  });
});
