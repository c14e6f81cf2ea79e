import assert from 'node:assert/strict';
import { type CountingService, startCountingService } from '../../support/counting-service.ts';
import { killPart } from '../../support/kill-part.ts';
import { spoofedCalls } from '../../support/spoofed-calls.ts';
import { envoyStat, requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const CALLS = 20;
const SIDECAR = 'node-1-ext-authz';

describe('spoofed identity at a real Envoy', () => {
  let service: CountingService;
  let topology: Topology;

  const victimCalls = () =>
    envoyStat(topology.envoyAdminUrls[0] as string, 'cluster.edge/victim/payment.upstream_rq_total');

  /** Statuses of spoofed calls, with the attacker's own token or without any. */
  async function attack(token: string | null): Promise<Set<number>> {
    const url = topology.envoyUrls[0] as string;
    const answers = await spoofedCalls(url, 'payment', 'victim', { token, calls: CALLS });
    return new Set(answers.map(({ status }) => status));
  }

  const sidecarPid = () => topology.pids()[SIDECAR] as number;

  beforeEach(async () => {
    service = await startCountingService();
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: { payment: { endpoints: [`127.0.0.1:${service.port}`] } },
        workloads: { victim: {}, attacker: {} },
        budgets: { victim: { payment: {} }, attacker: { payment: {} } },
      },
    });
  });

  afterEach(async () => {
    await topology?.stop();
    await service?.stop();
  });

  it('reaches only its own edge while the authorizer answers', async () => {
    const token = await requestToken(topology, 'attacker');
    assert.deepEqual(await attack(token), new Set([200]));
    assert.equal(await victimCalls(), 0);
    assert.equal(service.calls(), CALLS);
    assert.ok(!service.headers.some((headers) => headers['x-envoy-auth-failure-mode-allowed'] !== undefined));
  });

  it('reaches nothing while the authorizer denies', async () => {
    assert.deepEqual(await attack(null), new Set([401]));
    assert.equal(await victimCalls(), 0);
    assert.equal(service.calls(), 0);
  });

  it('never reaches the victim’s edge while the authorizer is dead', async () => {
    const token = await requestToken(topology, 'attacker');
    const { ready } = await killPart(topology, SIDECAR, async () => {
      await attack(token);
      await attack(null);
      assert.equal(await victimCalls(), 0);
    });
    await ready;
  });

  it('never reaches the victim’s edge while the authorizer hangs', async () => {
    const token = await requestToken(topology, 'attacker');
    process.kill(sidecarPid(), 'SIGSTOP');
    try {
      await attack(token);
      await attack(null);
      assert.equal(await victimCalls(), 0);
    } finally {
      process.kill(sidecarPid(), 'SIGCONT');
    }
    await waitFor('checks to be answered again', async () => (await attack(null)).has(401));
  });
});
