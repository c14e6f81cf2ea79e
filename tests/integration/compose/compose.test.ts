import assert from 'node:assert/strict';
import { join } from 'node:path';
import { requestCapacity } from '../../../demo/services/request-capacity.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { DEFAULT_PORTS } from '../../../platform/ports.ts';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { findComposeEngine } from '../../support/compose-engine.ts';

const engine = findComposeEngine();
if ('missing' in engine) {
  process.stdout.write(`topology compose: not run (${engine.missing})\n`);
} else {
  describe('the shop on Compose', function () {
    this.timeout(15 * 60_000);
    const project = ['--project-name', 'capmesh-test', '--file', join(packageRoot(), 'deploy', 'docker-compose.yaml')];
    const envoyUrl = `http://127.0.0.1:${DEFAULT_PORTS.mesh}`;

    before(() => engine.run(...project, 'up', '--build', '--wait'));
    after(() => engine.run(...project, 'down', '--volumes'));

    it('serves a call with a token through all four services, and none without', async () => {
      const secret = engine.run(...project, 'exec', '-T', 'storefront', 'cat', '/state/credentials/web.secret').trim();
      const answer = await requestCapacity({
        address: `127.0.0.1:${DEFAULT_PORTS.grpc}`,
        workload: 'web',
        secret,
        lifetimeSeconds: 60,
      });
      assert.ok(answer.admitted, answer.message);
      const served = await callThroughEnvoy(envoyUrl, 'storefront', { 'x-capacity-token': answer.capacityToken });
      assert.equal(served.status, 200);
      const refused = await callThroughEnvoy(envoyUrl, 'storefront');
      assert.deepEqual([refused.status, refused.denied], [401, 'token-missing']);
    });
  });
}
