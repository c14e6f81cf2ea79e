import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { GateStatus } from '../../../proto/gen/capmesh/v1/gates.ts';
import { LIMIT } from '../../support/action-records.ts';
import { type CliFixture, grpcError, startCliFixture } from '../../support/cli-fixture.ts';

const AT = 1_800_000_000;
const at = (seconds: number) => ({ seconds, nanos: 0 });

const limit = {
  ...LIMIT,
  id: 'a1-1-7',
  service: 'payment',
  ratio: 3.2,
  startedAt: at(AT - 42),
  expiresAt: at(AT + 28),
};
const throttle = {
  ...limit,
  id: 'a1-1-3',
  gate: 'isolation',
  kind: 'throttle',
  target: 'reports',
  size: 0.7,
  ratio: 1.8,
  startedAt: at(AT - 300),
};
const failing = {
  status: GateStatus.GATE_STATUS_FAIL,
  ratio: 3.2,
  worst: 'checkout/payment',
  evidence: { u_drift: 3.2, overload: 1, fit_rate_mass: 400 },
};
const harming = {
  status: GateStatus.GATE_STATUS_FAIL,
  ratio: 1.8,
  worst: 'reports',
  evidence: { isolation_level: 1.8, 'victim/shop': 1.8 },
};
const passing = { status: GateStatus.GATE_STATUS_PASS, ratio: 0.2 };
const allPassing = { fit: passing, gluing: passing, uv: passing, isolation: passing };
const edge = {
  workload: 'checkout',
  service: 'payment',
  guaranteeRps: 200,
  limitRps: 200,
  maxRequests: 12,
  offeredRps: 800,
  refusedRps: { 'breaker-open': 410.25, 'budget-exhausted': 3, 'shed-priority': 0 },
};
const services = [
  { service: 'payment', gates: { ...allPassing, fit: failing } },
  { service: 'inventory', gates: allPassing },
];
const OVERLOADED = { mesh: 'shop', at: at(AT), services, edges: [edge], actions: [limit], control: {} };

const actionEvent = (action: object, gates: object, seconds: number, service = 'payment') => ({
  kind: 'action',
  service,
  gates: { ...allPassing, ...gates },
  actionTaken: action,
  timestamp: at(seconds),
});
/** Each is told once per workload. */
const EVENTS = [
  actionEvent(throttle, { isolation: harming }, AT - 300),
  actionEvent(throttle, { isolation: harming }, AT - 300),
  actionEvent({ ...throttle, phase: 'ended', endCause: 'recovered' }, {}, AT - 200),
  actionEvent({ ...throttle, phase: 'ended', endCause: 'recovered' }, {}, AT - 200),
  actionEvent(limit, { fit: failing }, AT - 42),
];

describe('capmesh: what the controller does, and orders to it', () => {
  let cli: CliFixture;

  beforeEach(async () => {
    cli = await startCliFixture();
  });
  afterEach(() => cli.stop());

  const requestsOf = (method: string): unknown[] =>
    cli.requests.filter((each) => each.method === method).map(({ request }) => request);

  it('actions lists what runs, why, for how long yet, and whether it is only recorded', async () => {
    cli.answers.getStatus = () => ({ ...OVERLOADED, actions: [limit, { ...throttle, shadow: true }] });
    const { code, out } = await cli.run('actions');
    assert.equal(code, 0);
    assert.deepEqual(
      out.split('\n').map((line) => line.replace(/ {2,}/g, ' | ')),
      [
        'ID | SERVICE | ACTION | TARGET | SIZE | GATE | U | AGE | ENDS IN | SHADOW',
        'a1-1-7 | payment | limit-concurrency | payment | 12 calls in flight | fit | 3.2 | 42 s | 28 s | no',
        'a1-1-3 | payment | throttle | reports | 70 % of what it used left | isolation | 1.8 | 5 min | 28 s | yes',
      ],
    );
    const json = JSON.parse((await cli.run('actions', '--json')).out);
    assert.deepEqual([json.control.safeMode, json.actions[1].shadow], [false, true]);
  });

  it('actions says what is ordered, and that nothing runs', async () => {
    cli.answers.getStatus = () => ({ control: { safeMode: true, pausedUntil: at(AT + 60) }, at: at(AT) });
    assert.deepEqual((await cli.run('actions', 'list')).out.split('\n'), [
      'safe mode is on: no actions, budgets stay in force',
      'new actions are paused until 2027-01-15T08:01:00.000Z',
      'no action is running',
    ]);
    assert.match((await cli.run('status')).out, /^mesh .*\nsafe mode is on/);
  });

  it('actions pause and resume send what they say', async () => {
    cli.answers.setActionControl = () => ({ pausedUntil: at(AT + 600) });
    const paused = await cli.run('actions', 'pause');
    assert.deepEqual([paused.code, paused.out], [0, 'new actions are paused until 2027-01-15T08:10:00.000Z']);
    const json = await cli.run('actions', 'pause', '--for', '90s', '--json');
    assert.equal(JSON.parse(json.out).pausedUntil, '2027-01-15T08:10:00.000Z');
    cli.answers.setActionControl = () => ({});
    assert.equal((await cli.run('actions', 'resume')).out, 'actions may begin again');
    assert.deepEqual(requestsOf('setActionControl'), [
      { safeMode: undefined, pauseFor: at(600), resume: false },
      { safeMode: undefined, pauseFor: at(90), resume: false },
      { safeMode: undefined, pauseFor: undefined, resume: true },
    ]);
  });

  it('actions cancel names the action that ends', async () => {
    cli.answers.cancelAction = () => ({ action: limit });
    const { code, out } = await cli.run('actions', 'cancel', 'a1-1-7');
    assert.equal(code, 0);
    assert.match(out, /^ends with the next tick: limit-concurrency on payment started: 12 calls in flight; /);
    assert.deepEqual(requestsOf('cancelAction'), [{ id: 'a1-1-7' }]);
    assert.equal(JSON.parse((await cli.run('actions', 'cancel', 'a1-1-7', '--json')).out).action.id, 'a1-1-7');
  });

  it('safe-mode switches and tells', async () => {
    cli.answers.setActionControl = ({ safeMode }: { safeMode?: boolean }) => ({ safeMode });
    cli.answers.getStatus = () => ({ control: { safeMode: true } });
    assert.equal((await cli.run('safe-mode', 'on')).out, 'safe mode is on: no actions, budgets stay in force');
    assert.equal((await cli.run('safe-mode', 'off')).out, 'safe mode is off');
    assert.equal(JSON.parse((await cli.run('safe-mode', 'status', '--json')).out).safeMode, true);
    assert.deepEqual(requestsOf('setActionControl'), [
      { safeMode: true, pauseFor: undefined, resume: false },
      { safeMode: false, pauseFor: undefined, resume: false },
    ]);
  });

  it('says what is wrong with an order', async () => {
    cli.answers.cancelAction = () => grpcError(status.NOT_FOUND, 'id: no action "x" is running');
    const unknown = await cli.run('actions', 'cancel', 'x');
    assert.deepEqual([unknown.code, unknown.err], [1, 'capmesh: id: no action "x" is running']);
    const bad = await cli.run('actions', 'pause', '--for', 'soon');
    assert.equal(bad.code, 2);
    assert.match(bad.err, /Give a time such as 90s, 15m or 1h/);
    assert.equal((await cli.run('actions', 'cancel')).code, 2);
    const misspelt = await cli.run('actions', 'cancl', 'a1-1-7');
    assert.deepEqual(
      [misspelt.code, misspelt.err],
      [2, 'capmesh: unknown command "actions cancl"\n  Did you mean cancel?'],
    );
    assert.equal((await cli.run('safe-mode', 'maybe')).code, 2);
    assert.deepEqual(requestsOf('setActionControl'), []);
  });

  it('events tells everything about an action in one line', async () => {
    cli.answers.watchEvents = () => [
      { ...EVENTS[0], sequence: 8 },
      { ...EVENTS[2], sequence: 9 },
    ];
    const { out } = await cli.run('events', '--since', '10m', '--service', 'payment');
    assert.deepEqual(out.split('\n'), [
      '2027-01-15T07:55:00.000Z  #8  action  payment  throttle on reports started: 70 % of what it used left; isolation u 1.8, threshold 1, window 10 s; until 2027-01-15T08:00:28.000Z; id a1-1-3; for shop',
      '2027-01-15T07:56:40.000Z  #9  action  payment  throttle on reports ended: 70 % of what it used left; isolation u 1.8, threshold 1, window 10 s; because recovered; id a1-1-3',
    ]);
    const [request] = requestsOf('watchEvents') as [{ sinceMs: number; service: string; storedOnly: boolean }];
    assert.deepEqual([request.sinceMs, request.service, request.storedOnly], [600_000, 'payment', true]);
  });

  it('why explains a service: what runs and by which evidence, what is refused and by what, what was', async () => {
    cli.answers.getStatus = () => OVERLOADED;
    cli.answers.watchEvents = () => EVENTS;
    const { code, out } = await cli.run('why', 'payment');
    assert.equal(code, 0);
    assert.deepEqual(out.split('\n'), [
      'limit-concurrency on payment, a1-1-7: 12 calls in flight, for 42 s',
      '  because fit u 3.2, threshold 1, window 10 s, worst checkout/payment',
      '    calls in flight are 9.6 times what an empty queue would hold, 3 are allowed',
      '    evidence of overload is 1, holding begins at 0.5',
      '  ends at 2027-01-15T08:00:28.000Z unless renewed; end it now with "capmesh actions cancel a1-1-7"',
      'refused now: 410.3/s of checkout/payment, breaker-open: by limit-concurrency a1-1-7',
      'refused now: 3/s of checkout/payment, budget-exhausted: offered 800/s, its limit is 200/s, its guarantee 200/s',
      'throttle on reports at payment, a1-1-3: 70 % of what it used left',
      '  because isolation u 1.8, threshold 1, window 10 s, worst reports, harmed shop',
      '    latency is 107 % above what the own load explains, 50 % are allowed',
      '  ran from 2027-01-15T07:55:00.000Z, ended 2027-01-15T07:56:40.000Z, recovered: its cause is gone',
    ]);
    const json = JSON.parse((await cli.run('why', '--json')).out);
    assert.deepEqual(json.services, ['payment', 'inventory']);
    assert.deepEqual(json.refusals[0].causes, ['a1-1-7']);
    assert.equal(json.actions[0].verdict.evidence.u_drift, 3.2);
    assert.equal(json.ended[0].endedAt, '2027-01-15T07:56:40.000Z');
  });

  it('why explains one action, also one that is over', async () => {
    cli.answers.getStatus = () => OVERLOADED;
    cli.answers.watchEvents = () => EVENTS;
    const { out } = await cli.run('why', 'a1-1-3', '--since', '1h');
    assert.match(out, /^a1-1-3 does not run any more\nthrottle on reports at payment, a1-1-3/);
    assert.doesNotMatch(out, /limit-concurrency|breaker-open/);
    const [request] = requestsOf('watchEvents') as [{ sinceMs: number; storedOnly: boolean }];
    assert.deepEqual([request.sinceMs, request.storedOnly], [3_600_000, true]);
  });

  it('why says that nothing is so, and why a failed gate has no answer', async () => {
    cli.answers.watchEvents = () => [];
    cli.answers.getStatus = () => OVERLOADED;
    assert.deepEqual((await cli.run('why', 'inventory')).out.split('\n'), [
      'inventory: nothing is limited or refused now',
      'no action ended in the last 15 min',
    ]);
    const pausedUntil = at(AT + 60);
    cli.answers.getStatus = () => ({ ...OVERLOADED, edges: [], actions: [], control: { pausedUntil } });
    const { out } = await cli.run('why');
    assert.match(out, /^new actions are paused until 2027-01-15T08:01:00\.000Z\nfit of payment fails \(u 3\.2, /);
    assert.match(out, /no action answers it: operators allow none/);
  });

  it('why knows what was probably meant', async () => {
    cli.answers.getStatus = () => OVERLOADED;
    cli.answers.watchEvents = () => [];
    const { code, err } = await cli.run('why', 'paymnt');
    assert.equal(code, 1);
    assert.match(
      err,
      /"paymnt" is no service of this mesh, and no action of the last 15 min\n {2}Did you mean payment\?/,
    );
    assert.match((await cli.run('why', 'zzz')).err, /Services: payment, inventory\. Look further back with --since/);
  });
});
