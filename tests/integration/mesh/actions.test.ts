import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProgram, jsonField } from '../../../demo/child-program.ts';
import { programPath } from '../../../demo/program-path.ts';
import type { StabilityAction } from '../../../proto/gen/capmesh/v1/events.ts';
import { runCli } from '../../support/run-cli.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

/** 8 workers × 100 ms, slower the longer the queue: less than 80 calls a second. */
const SERVICE = ['--workers', '8', '--service-ms', '100', '--thrash', '0.02'];
/** Four times of that, for longer than all tests take. */
const PHASES = 'calm:10:50,overload:900:320';
/** Calls in flight that only an overload that nobody holds brings. */
const OVERLOADED = 40;
/** 3·τ_c. */
const COOL_DOWN_MS = 30_000;
const BREAKER = 'circuit_breakers.edge/checkout/payment.default.max_requests';

interface Told {
  readonly sequence: number;
  readonly timestamp: string;
  readonly message: string;
  readonly actionTaken?: Pick<StabilityAction, 'id' | 'kind' | 'phase' | 'endCause' | 'shadow'>;
}

describe('orders about actions on a real mesh', function () {
  this.timeout(120_000);
  let service: ChildProgram;
  let traffic: ChildProgram;
  let topology: Topology;
  let mesh: object;

  const limitNow = async (): Promise<StabilityAction | undefined> =>
    (await topology.admin.status()).actions.find(({ kind }) => kind === 'limit-concurrency');
  const limitRuns = (): Promise<StabilityAction> => waitFor('the service to be held', limitNow, 60_000);

  async function capmesh(...args: string[]): Promise<string> {
    const { code, out } = await runCli(topology.stateDir, ...args);
    assert.equal(code, 0, out);
    return out;
  }

  /** Events that checkout was told since a sequence. */
  async function told(afterSequence = 0): Promise<Told[]> {
    const out = await capmesh('events', '--json', '--after', `${afterSequence}`, '--workload', 'checkout');
    return out === '' ? [] : out.split('\n').map((line) => JSON.parse(line) as Told);
  }

  const newest = async (): Promise<number> => (await told()).at(-1)?.sequence ?? 0;

  const toldOf = (
    phase: string,
    after: number,
    wanted: (action: Partial<StabilityAction>) => boolean,
    timeoutMs?: number,
  ) =>
    waitFor(
      `an action that ${phase}`,
      async () => (await told(after)).find(({ actionTaken }) => actionTaken?.phase === phase && wanted(actionTaken)),
      timeoutMs,
    );

  /** What Envoy holds the edge to. */
  async function enforcedLimit(): Promise<number> {
    const answer = await fetch(`${topology.envoyAdminUrls[0]}/runtime`);
    const { entries } = (await answer.json()) as { entries: Record<string, { final_value: string }> };
    return Number(entries[BREAKER]?.final_value ?? Number.NaN);
  }

  before(async () => {
    service = new ChildProgram({
      command: process.execPath,
      args: [programPath('demo/overload-service'), ...SERVICE],
    });
    const port = await service.first(jsonField<number>('port'));
    mesh = {
      mesh: 'shop',
      services: { payment: { endpoints: [`127.0.0.1:${port}`] } },
      workloads: { checkout: {} },
      budgets: { checkout: { payment: {} } },
    };
    topology = await startProcesses({ mesh });
    await requestToken(topology, 'checkout');
    const where = ['--ports', new URL(topology.envoyUrls[0] as string).port, '--authority', 'payment'];
    const secret = join(topology.stateDir, 'credentials', 'checkout.secret');
    const who = ['--capacity-address', topology.capacityAddress, '--workload', 'checkout', '--secret-file', secret];
    traffic = new ChildProgram({
      command: process.execPath,
      args: [programPath('demo/traffic/main'), ...where, ...who, '--phases', PHASES],
    });
  });

  after(async () => {
    await traffic?.stop();
    await topology?.stop();
    await service?.stop();
  });

  it('shows the action that holds an overloaded service, and why', async () => {
    const { id } = await limitRuns();
    assert.match(
      await capmesh('actions'),
      new RegExp(`^${id} +payment +limit-concurrency +payment +\\d+ calls in flight +fit `, 'm'),
    );
    const why = await waitFor('refusals', async () => {
      const out = await capmesh('why', 'payment');
      return out.includes('refused now') && out;
    });
    assert.match(why, new RegExp(`^limit-concurrency on payment, ${id}: \\d+ calls in flight, for `, 'm'));
    assert.match(why, /^ {2}because fit u [\d.]+, threshold 1, window \d+ s/m);
    assert.match(
      why,
      new RegExp(`^refused now: [\\d.]+/s of checkout/payment, breaker-open: by limit-concurrency ${id}$`, 'm'),
    );
  });

  it('ends it when it is cancelled, and does not begin it again for 3·τ_c', async () => {
    const { id } = await limitRuns();
    const after = await newest();
    await capmesh('actions', 'cancel', id);
    const ended = await toldOf('ended', after, (action) => action.id === id);
    assert.equal(ended.actionTaken?.endCause, 'cancelled');
    await waitFor('an open breaker', async () => (await enforcedLimit()) > OVERLOADED);
    const again = await toldOf('started', after, ({ kind }) => kind === 'limit-concurrency', 90_000);
    const pausedMs = Date.parse(again.timestamp) - Date.parse(ended.timestamp);
    assert.ok(pausedMs > COOL_DOWN_MS - 100, `begun again after ${pausedMs} ms`);
    const gone = await runCli(topology.stateDir, 'actions', 'cancel', id);
    assert.equal(gone.code, 1, 'it does not run any more');
  });

  it('ends every action in safe mode, which a killed control plane does not forget, and acts again after it', async () => {
    const { id } = await limitRuns();
    const after = await newest();
    await capmesh('safe-mode', 'on');
    await waitFor('the end of all actions', async () => (await topology.admin.status()).actions.length === 0);
    const ended = await toldOf('ended', after, (action) => action.id === id);
    assert.equal(ended.actionTaken?.endCause, 'safe-mode');
    const killed = topology.pids()['control-plane'] as number;
    process.kill(killed, 'SIGKILL');
    await waitFor('a new control plane', async () => (topology.pids()['control-plane'] ?? killed) !== killed, 30_000);
    const judged = await waitFor(
      'the overload to be seen by it',
      async () => {
        const status = await topology.admin.status();
        const { gates, inFlight = 0 } = status.services[0] ?? {};
        const isOwn = gates?.fit !== undefined && gates.fit.evidence.restoredAgeSec === undefined;
        return isOwn && inFlight > OVERLOADED && status;
      },
      60_000,
    );
    assert.deepEqual([judged.control?.safeMode, judged.actions], [true, []]);
    assert.match(await capmesh('safe-mode', 'status'), /^safe mode is on/);
    await capmesh('safe-mode', 'off');
    await limitRuns();
  });

  it('only records what it would do where the mesh file puts a gate into the shadow', async () => {
    await limitRuns();
    await waitFor('a breaker that holds', async () => (await enforcedLimit()) < OVERLOADED);
    const after = await newest();
    const file = join(topology.stateDir, 'shadow.yaml');
    writeFileSync(file, JSON.stringify({ ...mesh, policy: { shadow: ['fit'], maxShedRatio: 0.5 } }));
    await capmesh('apply', '-f', file);
    await toldOf('changed', after, ({ kind, shadow }) => kind === 'limit-concurrency' && shadow === true);
    await waitFor('an open breaker', async () => (await enforcedLimit()) > OVERLOADED);
    assert.match(await capmesh('why', 'payment'), /limit-concurrency on payment, .*\(shadow: nothing is enforced\)/);
    writeFileSync(file, JSON.stringify({ ...mesh, policy: {} }));
    await capmesh('apply', '-f', file);
    await waitFor('the service to be held in earnest', async () => (await limitNow())?.shadow === false, 60_000);
  });
});
