import assert from 'node:assert/strict';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { type CountingService, startCountingService } from '../../support/counting-service.ts';
import { envoyStat, requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const CALLS = 20;

/** What a client may try in order to pass as the victim or as already checked. */
const SPOOFED: Record<string, string>[] = [
  { 'x-capacity-workload': 'victim' },
  { 'X-Capacity-Workload': 'victim', 'x-envoy-auth-failure-mode-allowed': 'true' },
  { 'x-envoy-auth-failure-mode-allowed': 'true' },
];

describe('spoofed identity at a real Envoy', () => {
  let service: CountingService;
  let topology: Topology;

  const victimCalls = () =>
    envoyStat(topology.envoyAdminUrls[0] as string, 'cluster.edge/victim/payment.upstream_rq_total');

  /** Sends every spoofed call with and without the attacker's own token; returns the statuses. */
  async function attack(token: string | null): Promise<Set<number>> {
    const own: Record<string, string> = token === null ? {} : { 'x-capacity-token': token };
    const calls = Array.from({ length: CALLS }, (_, index) => {
      const spoofed = SPOOFED[index % SPOOFED.length] as Record<string, string>;
      return callThroughEnvoy(topology.envoyUrls[0] as string, 'payment', { ...spoofed, ...own });
    });
    return new Set((await Promise.all(calls)).map((answer) => answer.status));
  }

  /** Stops the part that restarts dead processes for the time of `test`, so that what died stays dead. */
  async function withoutRestarts(test: () => Promise<void>): Promise<void> {
    const up = topology.pids().up as number;
    process.kill(up, 'SIGSTOP');
    try {
      await test();
    } finally {
      process.kill(up, 'SIGCONT');
    }
  }

  const sidecarPid = () => topology.pids()['node-1-ext-authz'] as number;

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
    await withoutRestarts(async () => {
      process.kill(sidecarPid(), 'SIGKILL');
      await attack(token);
      await attack(null);
      assert.equal(await victimCalls(), 0);
    });
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
