import assert from 'node:assert/strict';
import { REFUSAL_REASONS } from '../../../core/admission/refusal-reason.ts';
import { EdgeLease, Lease } from '../../../proto/gen/capmesh/v1/lease.ts';
import { callThroughEnvoy, type EnvoyAnswer } from '../../support/call-through-envoy.ts';
import { type CostlyService, startCostlyService } from '../../support/costly-service.ts';
import { meshKey, partOf } from '../../support/mesh-key.ts';
import { openMeshStore } from '../../support/mesh-store.ts';
import { runCli } from '../../support/run-cli.ts';
import { flipSignatureBit, signToken } from '../../support/test-tokens.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const HOUR_SEC = 3600;
const NODE = 'node-1';

interface Refusal {
  readonly reason: string;
  readonly edge: string;
  readonly id: string;
}

const refusalOf = ({ body }: EnvoyAnswer): Refusal => JSON.parse(body) as Refusal;

describe('capmesh explain on a refusal from each row, behind a real Envoy', function () {
  this.timeout(60_000);
  let service: CostlyService;
  let topology: Topology;
  let token: string;
  const explained = new Set<string>();

  const call = (headers: Record<string, string>, name = 'payment') =>
    callThroughEnvoy(topology.envoyUrls[0] as string, name, headers);
  const as = (text: string, headers: Record<string, string> = {}, name?: string) =>
    call({ 'x-capacity-token': text, ...headers }, name);
  const signed = (change: object) =>
    signToken(meshKey(topology, String(partOf(token, 0).kid)), { ...partOf(token, 1), ...change });
  const refused = (reason: string, ask: () => Promise<EnvoyAnswer>) =>
    waitFor(reason, async () => {
      const answer = await ask();
      return answer.denied === reason && answer;
    });

  async function explain(...args: string[]): Promise<string> {
    const { code, out } = await runCli(topology.stateDir, 'explain', ...args);
    assert.equal(code, 0, out);
    return out;
  }

  /** The words of the command line on a refusal by the sidecar, asked for by its id. */
  async function explainAnswer(answer: EnvoyAnswer, reason: string): Promise<string> {
    const { id, edge, ...body } = refusalOf(answer);
    assert.deepEqual([answer.denied, body.reason], [reason, reason]);
    const out = await explain(id);
    assert.ok(out.startsWith(`${id}: ${reason} for ${edge} on ${NODE}, `), out);
    assert.match(out, /`capmesh [^`]+`$/);
    explained.add(reason);
    return out;
  }

  before(async () => {
    service = await startCostlyService();
    const endpoints = [`127.0.0.1:${service.port}`];
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: {
          payment: { endpoints, capacity: { rps: 1000, concurrency: 8, cpuMsPerSec: 1000, memoryMiB: 1024 } },
          ledger: { endpoints, authorizerDown: 'closed' },
        },
        workloads: { checkout: { prio: 7 }, batch: { prio: 2 } },
        budgets: {
          checkout: { payment: { int: 0.01, ptr: 0.25 } },
          batch: { payment: { int: 0.4 }, ledger: { int: 0 } },
        },
      },
    });
    token = await requestToken(topology, 'checkout');
    await waitFor('the edge', async () => (await as(token)).status === 200);
  });

  after(async () => {
    service?.release();
    await topology?.stop();
    await service?.stop();
  });

  it('says what is wrong with a token', async () => {
    const faults: Record<string, [() => Promise<EnvoyAnswer>, RegExp]> = {
      'token-missing': [() => call({}), /came without a capacity token.*`capmesh token request (checkout|batch)`$/],
      'token-malformed': [() => as('open sesame'), /does not have three parts.*`capmesh token inspect/],
      'token-signature': [() => as(flipSignatureBit(token)), /no key of this mesh signed.*`capmesh token inspect/],
      'token-not-yet-valid': [
        () => as(signed({ nbf: Number(partOf(token, 1).iat) + HOUR_SEC })),
        /the token of checkout is not good until 3\d\d\d(\.\d+)? s after the call/,
      ],
      'token-audience': [() => as(signed({ aud: 'mall' })), /for the mesh mall, and this one is shop/],
      'token-expired': [
        () => as(signed({ iat: 1, nbf: 1, exp: Number(partOf(token, 1).iat) - 60 })),
        /the token of checkout ended 6\d(\.\d+)? s before the call.*`capmesh token request checkout`$/,
      ],
    };
    for (const [reason, [ask, words]] of Object.entries(faults)) {
      assert.match(await explainAnswer(await ask(), reason), words);
    }
    const old = await requestToken(topology, 'batch');
    await topology.admin.revokeWorkload('batch');
    const revoked = await refused('token-revoked', () => as(old));
    assert.match(
      await explainAnswer(revoked, 'token-revoked'),
      /the token of batch has generation \d+, and all below \d+/,
    );
  });

  /** Runs the command that an explanation ends with. */
  async function follow(explanation: string): Promise<void> {
    const [, command = ''] = /`capmesh ([^`]+)`$/.exec(explanation) ?? [];
    const { code, out } = await runCli(topology.stateDir, ...command.split(' '));
    assert.equal(code, 0, `${command}: ${out}`);
  }

  it('says what an edge without budget needs', async () => {
    const answer = await refused('edge-not-entitled', () => as(token, {}, 'ledger'));
    assert.match(
      await explainAnswer(answer, 'edge-not-entitled'),
      /checkout has no budget for ledger.*`capmesh budget set checkout ledger --int 0\.1`$/,
    );
  });

  it('says which bucket was empty, of the budget or of the grant', async () => {
    const spent = await refused('budget-exhausted', () => as(token));
    const { edge } = refusalOf(spent);
    const ofBudget = await explainAnswer(spent, 'budget-exhausted');
    assert.match(
      ofBudget,
      /checkout may call payment 10 times a second on node-1 and had used all of it \(burst 25, 0[.\d]* left\): payment itself has room for [\d.]+\/s more.*`capmesh budget set checkout payment --int 0\.\d+`$/,
    );
    assert.match(await explain('--reason', 'budget-exhausted', edge), /checkout may call payment 10 times a second/);
    await follow(ofBudget);
    const whole = await requestToken(topology, 'batch');
    const part = signed({ ...partOf(whole, 1), jti: 'a-hundredth', cap: { int: 0.01 } });
    const narrow = await refused('budget-exhausted', () => as(part));
    const ofGrant = await explainAnswer(narrow, 'budget-exhausted');
    assert.match(
      ofGrant,
      /this token of batch may call payment 4 times a second on node-1, 0\.01 of its budget.*`capmesh token request batch --int 0\.02`$/,
    );
    await follow(ofGrant);
  });

  it('says what a call with an estimate did not fit into', async () => {
    const wide = await requestToken(topology, 'batch');
    const tooMuch = await as(wide, { 'x-capacity-cpu': '401' });
    assert.match(
      await explainAnswer(tooMuch, 'load-exhausted'),
      /a call of batch to payment needed 401 CPU-ms, and of the 400 CPU-ms that the edge has on node-1 0 were used.*--int 0\.5`$/,
    );
    const odd = await as(wide, { 'x-capacity-memory-mb': '-1' });
    assert.match(
      await explainAnswer(odd, 'estimate-invalid'),
      /said x-capacity-memory-mb: -1, which is no decimal number/,
    );
  });

  it('says by what Envoy held the calls in flight, though it remembers nothing', async () => {
    const wide = await requestToken(topology, 'checkout');
    service.holding = true;
    await waitFor('two calls in flight', async () => {
      if (service.held() < 2) as(wide).catch(() => undefined);
      return service.held() >= 2;
    });
    const third = await refused('breaker-open', () => as(wide));
    const { id, edge } = refusalOf(third);
    service.holding = false;
    service.release();
    assert.equal((await runCli(topology.stateDir, 'explain', id)).code, 1);
    assert.match(
      await explain('--reason', 'breaker-open', edge),
      /^checkout may have 2 calls in flight to payment on each node and had all of them.*`capmesh budget set checkout payment --ptr 0\.32`$/,
    );
    explained.add('breaker-open');
  });

  it('says what an action did, as its lease told it', async () => {
    const store = await openMeshStore(topology);
    const own = await requestToken(topology, 'batch');
    /** The leader's lease with an action in it, until the leader writes the next. */
    const withAction = async (action: Partial<EdgeLease>): Promise<void> => {
      const entry = await store.leases.get(NODE);
      const lease = Lease.decode(entry?.value ?? new Uint8Array());
      const edges = lease.edges.map((edge) => EdgeLease.fromPartial({ ...edge, overlayExpiresInMs: 5000, ...action }));
      await store.leases.put(NODE, Lease.encode({ ...lease, seq: lease.seq + 1, edges }).finish());
    };
    try {
      const shed = await refused('shed-priority', async () => {
        await withAction({ shedBelowPrio: 5, shedRatio: 1 });
        return as(own);
      });
      assert.match(
        await explainAnswer(shed, 'shed-priority'),
        /had priority 2, and all of those below 5 were shed on node-1/,
      );
      const fenced = await refused('workload-fenced', async () => {
        await withAction({ fenced: true });
        return as(own);
      });
      assert.match(await explainAnswer(fenced, 'workload-fenced'), /batch was fenced off payment/);
    } finally {
      await store.connection.close();
    }
  });

  it('says what became of calls whose sidecar does not answer', async () => {
    const sidecar = Object.entries(topology.pids()).find(([name]) => /sidecar|authz/.test(name))?.[1] as number;
    process.kill(sidecar, 'SIGSTOP');
    try {
      const closed = await refused('internal', () => as(token, {}, 'ledger'));
      assert.match(
        await explain('--reason', 'internal', refusalOf(closed).edge),
        /Envoy had nobody to judge a call of ~unverified\/ledger/,
      );
      explained.add('internal');
      const degraded = await waitFor('a safe share that is spent', async () => {
        const answers = await Promise.all(Array.from({ length: 200 }, () => as(token)));
        return answers.find(({ denied }) => denied === 'mesh-degraded') ?? false;
      });
      assert.match(
        await explain('--reason', 'mesh-degraded', refusalOf(degraded).edge),
        /Envoy could not ask its sidecar about a call of ~unverified\/payment.*`capmesh doctor`$/,
      );
      explained.add('mesh-degraded');
    } finally {
      process.kill(sidecar, 'SIGCONT');
    }
  });

  it('has explained every row by now', () => {
    assert.deepEqual(
      REFUSAL_REASONS.filter((reason) => !explained.has(reason)),
      [],
    );
  });

  it('says when a refusal is of an earlier run, or of none', async () => {
    assert.equal((await runCli(topology.stateDir, 'explain', '00000000-1')).code, 1);
  });
});
