import assert from 'node:assert/strict';
import { XdsServer } from '../../../control-plane/xds/xds-server.ts';
import { buildSnapshot } from '../../../envoy/render-plan.ts';
import { runtimeResource } from '../../../envoy/runtime-layer.ts';
import { RESOURCE_TYPES as TYPES } from '../../../envoy/type-urls.ts';
import { systemClock } from '../../../platform/clock.ts';
import type { DiscoveryRequest, DiscoveryResponse } from '../../../proto/gen/envoy/service/discovery/v3/discovery.ts';
import { type AdsStream, serveXds, sotwRequest, sotwStream, type XdsEndpoint } from '../../support/ads-client.ts';
import { planOf, servicePlan } from '../../support/plans.ts';
import { quietLogger } from '../../support/quiet-logger.ts';

const node = { id: 'node-1' };

/** State-of-the-world xDS, message by message. */
describe('xDS server, state of the world protocol', () => {
  let xds: XdsServer;
  let endpoint: XdsEndpoint;
  let stream: AdsStream<DiscoveryRequest, DiscoveryResponse>;

  beforeEach(async () => {
    xds = new XdsServer({ clock: systemClock, logger: quietLogger });
    endpoint = await serveXds(xds);
    const plan = planOf(servicePlan('payment'), servicePlan('inventory'));
    xds.publish(buildSnapshot(plan), { revision: 1, edited: true });
    stream = sotwStream(endpoint.address);
  });

  afterEach(() => {
    stream.close();
    endpoint.stop();
  });

  const ask = (typeUrl: string, rest: object = {}) => stream.send(sotwRequest({ node, typeUrl, ...rest }));

  it('answers a client that comes back with the version that it holds', async () => {
    ask(TYPES.cluster);
    const first = await stream.next();
    stream.close();
    stream = sotwStream(endpoint.address);
    ask(TYPES.cluster, { versionInfo: first.versionInfo });
    const again = await stream.next();
    assert.equal(again.versionInfo, first.versionInfo);
    assert.deepEqual(again.resources, first.resources);
  });

  it('ignores an answer to an older response', async () => {
    ask(TYPES.runtime, { resourceNames: ['capmesh'] });
    const first = await stream.next();
    ask(TYPES.runtime, { resourceNames: ['capmesh'], responseNonce: first.nonce, versionInfo: first.versionInfo });
    xds.publishRuntime(runtimeResource({ value: 1 }));
    const second = await stream.next();
    // Says that it wants nothing, but about the response before: the newer answer counts.
    ask(TYPES.runtime, { resourceNames: [], responseNonce: first.nonce });
    ask(TYPES.runtime, { resourceNames: ['capmesh'], responseNonce: second.nonce, versionInfo: second.versionInfo });
    xds.publishRuntime(runtimeResource({ value: 2 }));
    assert.equal((await stream.next()).resources.length, 1);
  });

  it('sends names that are added with an acknowledgement or after it', async () => {
    ask(TYPES.endpoints, { resourceNames: ['payment'] });
    const first = await stream.next();
    const answered = { responseNonce: first.nonce, versionInfo: first.versionInfo };
    ask(TYPES.endpoints, { resourceNames: ['payment'], ...answered });
    ask(TYPES.endpoints, { resourceNames: ['payment', 'inventory'], ...answered });
    assert.equal((await stream.next()).resources.length, 2);
  });
});
