import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Status } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { GateStatus } from '../../../proto/gen/capmesh/v1/gates.ts';
import { type CliFixture, grpcError, startCliFixture } from '../../support/cli-fixture.ts';

const vector = { cInt: 0.8, cPtr: 0.75, cGauge: 0.5 };
const pass = {
  status: GateStatus.GATE_STATUS_PASS,
  ratio: 0.193,
  reason: '',
  worst: 'checkout/payment',
  evidence: { y: 3 },
};
const silent = {
  ...pass,
  status: GateStatus.GATE_STATUS_UNKNOWN,
  ratio: undefined,
  reason: 'no-traffic',
  worst: '',
  evidence: {},
};

const STATUS: Status = {
  mesh: 'shop',
  stability: 'degraded',
  at: { seconds: 1_800_000_000, nanos: 0 },
  nodes: [
    {
      node: 'node-1',
      connected: true,
      version: 'ab12',
      upToDate: true,
      frameAgeMs: 400,
      leaseSeq: 7,
      appliedAt: undefined,
    },
  ],
  services: [
    {
      service: 'payment',
      gates: { fit: pass, gluing: silent, uv: pass, isolation: undefined },
      capacityRps: 400,
      concurrencyLimit: 24,
      controllerMode: 'steady',
      inFlight: 8.4,
      baselineLatencyMs: 20,
      goodputRps: 399.25,
    },
  ],
  edges: [
    {
      workload: 'checkout',
      service: 'payment',
      budget: vector,
      guaranteeRps: 266.6667,
      limitRps: 320,
      maxRequests: 16,
      offeredRps: 330,
      admittedRps: 320,
      refusedRps: { 'budget-exhausted': 10, 'shed-priority': 0 },
      goodputRps: 319,
      latencyP99Ms: 41.2,
    },
  ],
  actions: [],
  lastEdit: { revision: 12, nodesApplied: 1, nodesTotal: 1, p50Ms: 2.2, p99Ms: 3.6, nacks: [] },
  control: undefined,
  admission: {
    pending: 0,
    clean: 0,
    falsified: 0,
    missed: 0,
    precision: undefined,
    recall: undefined,
    calibrationError: undefined,
    margin: 0.1,
    coldStartMax: 0.1,
    latest: [],
  },
  replicas: [
    { replica: 'k1', leads: false, epoch: 0 },
    { replica: 'k2', leads: true, epoch: 4 },
  ],
};

const WATCH_ALL = {
  afterSequence: 0,
  sinceMs: 0,
  fromStart: false,
  storedOnly: false,
  workload: '',
  service: '',
  gate: '',
  action: '',
};

describe('capmesh: commands that only look', () => {
  let cli: CliFixture;

  beforeEach(async () => {
    cli = await startCliFixture();
  });

  afterEach(() => cli.stop());

  it('status shows stability, roll-out and one row per node, service and edge', async () => {
    cli.answers.getStatus = () => STATUS;
    const { code, out } = await cli.run('status');
    assert.equal(code, 0);
    const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '));
    assert.deepEqual(lines, [
      'mesh shop: degraded',
      '2 control planes: k2 leads (epoch 4)',
      'applied 1/1 nodes, p99 4 ms',
      '',
      'NODE | ENVOY | CONFIG | LAST FRAME | LEASE',
      'node-1 | connected | up to date | 0.4 s ago | 7',
      '',
      'SERVICE | FIT | GLUING | UV | ISOLATION | GOODPUT/s | CAPACITY/s | IN FLIGHT | LIMIT | MODE',
      'payment | PASS | UNKNOWN | PASS | UNKNOWN | 399.3 | 400 | 8.4 | 24 | steady',
      '',
      'EDGE | GUARANTEE/s | LIMIT/s | PARALLEL | OFFERED/s | ADMITTED/s | P50 ms | P99 ms | REFUSED/s',
      'checkout/payment | 266.7 | 320 | 16 | 330 | 320 | – | 41.2 | budget-exhausted 10',
    ]);
  });

  it('status tells how well admission predicted, once it did', async () => {
    const share = { value: 0.95, bound: 0.84, status: GateStatus.GATE_STATUS_FAIL };
    const admission = { ...STATUS.admission, clean: 19, falsified: 1, precision: share, margin: 0.15 };
    cli.answers.getStatus = () => ({ ...STATUS, admission });
    const { out } = await cli.run('status');
    assert.match(
      out,
      /^admissions: 19 turned out well, 1 badly, 0 refused needlessly, 0 not judged yet; precision 0\.95 FAIL, recall – UNKNOWN, margin 0\.15$/m,
    );
  });

  it('status names the node that refused a configuration', async () => {
    const nacks = [{ node: 'node-2', resource: 'edge/checkout/payment', message: 'bad value' }];
    cli.answers.getStatus = () => ({ ...STATUS, lastEdit: { ...STATUS.lastEdit, nodesTotal: 2, nacks } });
    const { out } = await cli.run('status');
    assert.match(out, /applied 1\/2 nodes, p99 4 ms\nrefused by node-2: edge\/checkout\/payment: bad value/);
  });

  it('--json answers in proto JSON, defaults written out', async () => {
    cli.answers.getStatus = () => STATUS;
    const json = JSON.parse((await cli.run('status', '--json')).out);
    assert.equal(json.lastEdit.nodesApplied, 1);
    assert.equal(json.services[0].gates.gluing.status, 'GATE_STATUS_UNKNOWN');
    assert.deepEqual(json.actions, []);
  });

  it('sends the admin token of the state folder', async () => {
    cli.answers.getStatus = () => STATUS;
    await cli.run('status');
    assert.equal(cli.requests[0]?.authorization, 'Bearer admin-of-the-fixture');
  });

  it('gates shows ratio, reason and evidence, and --check fails unless stable', async () => {
    cli.answers.getStatus = () => STATUS;
    const { code, out, err } = await cli.run('gates', '--check');
    assert.equal(code, 1);
    assert.match(out, /payment +fit +PASS +0\.193 +checkout\/payment +– +y=3/);
    assert.match(out, /payment +gluing +UNKNOWN +– +– +no-traffic/);
    assert.match(err, /the mesh is degraded/);
    cli.answers.getStatus = () => ({ ...STATUS, stability: 'stable' });
    assert.equal((await cli.run('gates', '--check')).code, 0);
  });

  it('whatif shows calls and gates now and then, and fails where a gate would come too close', async () => {
    const now = { status: GateStatus.GATE_STATUS_PASS, ratio: 0.4, reason: '', worst: '', evidence: {} };
    const gate = { gate: 'fit', now, status: GateStatus.GATE_STATUS_FAIL, ratio: 1.25, worst: 'checkout/payment' };
    const message = 'fit of payment would come above 0.9 of its threshold';
    cli.answers.whatIf = () => ({
      services: [{ service: 'payment', nowRps: 120, thenRps: 380.04, capacityRps: 400, gates: [gate] }],
      gatesFailed: ['fit'],
      bindingAxes: ['int'],
      available: { cInt: 0.31 },
      message,
    });
    const { code, out, err } = await cli.run('whatif', 'checkout', '--int', '0.9');
    assert.equal(code, 1);
    assert.match(out, /^payment +120 → 380 +400 +fit +0\.4 → 1\.25 +PASS → FAIL +checkout\/payment +–$/m);
    assert.match(out, /^would be admitted: int 0\.31$/m);
    assert.match(err, new RegExp(message));
    const asked = JSON.parse(JSON.stringify(cli.requests.at(-1)?.request));
    assert.deepEqual([asked.workload, asked.capacityVector], ['checkout', { cInt: 0.9 }]);
    cli.answers.whatIf = () => ({ admitted: true });
    const fine = await cli.run('--json', 'whatif', 'checkout');
    assert.deepEqual([fine.code, JSON.parse(fine.out).admitted], [0, true]);
    assert.equal((await cli.run('whatif')).code, 2);
  });

  it('substrate shows services, hosts, the matrix of calls and the spectrum', async () => {
    cli.answers.getSubstrate = () => ({
      mesh: 'shop',
      timestamp: { seconds: 1_800_000_000, nanos: 5e6 },
      serviceMetrics: [
        {
          service: 'payment',
          samples: [{ durationSec: 1, loadRps: 90, latencyMs: 21, errorRatio: 0.015, inFlight: 8 }],
        },
        { service: 'mail', samples: [] },
      ],
      resourceMetrics: [
        {
          node: 'node-1',
          resources: {
            cpuRatio: 0.254,
            memoryUsedBytes: 3 * 2 ** 30,
            memoryTotalBytes: 2 ** 33,
            networkBytes: 2 ** 20,
            diskBytes: 0,
          },
        },
      ],
      correlator: [
        { caller: 'checkout', cells: [{ callee: 'payment', observedRps: 90, expectedRps: 88.25 }] },
        { caller: 'web', cells: [{ callee: 'checkout', observedRps: 45 }] },
      ],
      eigenvalueSpectrum: {
        eigenvalues: [0, 1, 2],
        zeroMultiplicity: 1,
        lambda1: 1,
        lambdaMax: 2,
        dimensionReason: 'window_too_short',
        blastRadius: ['web'],
        conductance: 1,
        converged: true,
      },
    });
    const { code, out } = await cli.run('substrate');
    assert.equal(code, 0);
    assert.deepEqual(
      out.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | ')),
      [
        'mesh shop, measured 2027-01-15T08:00:00.005Z',
        '',
        'SERVICE | LOAD/s | LATENCY ms | ERRORS | IN FLIGHT | TICKS',
        'payment | 90 | 21 | 1.5 % | 8 | 1',
        'mail | – | – | – | – | 0',
        '',
        'NODE | CPU | MEMORY | OF | NETWORK | DISK',
        'node-1 | 25.4 % | 3072 MiB | 8192 MiB | 1 MiB | 0 MiB',
        '',
        'calls/s seen (expected)',
        'CALLER | payment | checkout',
        'checkout | 90 (88.25) | –',
        'web | – | 45',
        '',
        'spectrum: λ1 1, λ_max 2, dimension none (window_too_short), 1 part',
        'blast radius: web (100 % of its calls cross its edge)',
      ],
    );
    const json = JSON.parse((await cli.run('substrate', '--json')).out);
    assert.deepEqual(json.eigenvalueSpectrum.blastRadius, ['web']);
    assert.equal(json.eigenvalueSpectrum.spectralDimension, undefined);
    cli.answers.getSubstrate = () => ({ mesh: 'shop', eigenvalueSpectrum: { zeroMultiplicity: 3, converged: true } });
    const silent = (await cli.run('substrate')).out;
    assert.match(silent, /no node has told of its host\n\nspectrum: nobody calls anybody \(3 nodes\)$/);
  });

  it('explain shows each number with formula and figures; an unknown edge is refused', async () => {
    const step = {
      quantity: 'guarantee',
      formula: 'wf(K, C·K, w)',
      substitution: 'wf(400, 320, 2)',
      result: '266.667/s',
    };
    cli.answers.explain = () => ({ problems: [], steps: [step] });
    const { out } = await cli.run('explain', 'checkout', 'payment');
    assert.match(out, /guarantee +266\.667\/s +wf\(K, C·K, w\) +wf\(400, 320, 2\)/);
    cli.answers.explain = () => ({ problems: [{ path: 'workload', message: 'unknown' }], steps: [] });
    const refused = await cli.run('explain', 'nobody', 'payment');
    assert.deepEqual([refused.code, refused.err], [1, 'capmesh: error: workload: unknown']);
  });

  it('events -f prints what comes until ^C', async () => {
    const event = {
      workloadId: 'checkout',
      gates: { fit: { ...pass, status: GateStatus.GATE_STATUS_FAIL, reason: 'slow' } },
      timestamp: { seconds: 1_800_000_000, nanos: 5e6 },
      sequence: 41,
      service: 'payment',
      kind: 'gate',
      message: 'fit fails',
    };
    cli.answers.watchEvents = () => [event];
    const running = cli.run('events', '-f', '--gate', 'fit');
    while (cli.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    cli.abort.abort();
    const { code, out } = await running;
    assert.equal(code, 0);
    assert.ok(
      out === '' ||
        /^2027-01-15T08:00:00\.005Z {2}#41 {2}gate {2}checkout → payment {2}fit fails; fit FAIL \(slow\)$/.test(out),
    );
    assert.deepEqual(cli.requests[0]?.request, { ...WATCH_ALL, gate: 'fit' });
  });

  it('events without -f prints what is stored and ends', async () => {
    cli.answers.watchEvents = () => [{ kind: 'config', sequence: 2, message: 'budgets.checkout.payment' }];
    const { code, out } = await cli.run('events', '--json');
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).message, 'budgets.checkout.payment');
    assert.deepEqual(cli.requests[0]?.request, { ...WATCH_ALL, fromStart: true, storedOnly: true });
    await cli.run('events', '--after', '0');
    assert.deepEqual(cli.requests[1]?.request, { ...WATCH_ALL, fromStart: true, storedOnly: true });
    await cli.run('events', '--after', '41');
    assert.deepEqual(cli.requests[2]?.request, { ...WATCH_ALL, afterSequence: 41, storedOnly: true });
  });

  it('events --since takes a sequence or a time, --action a kind', async () => {
    cli.answers.watchEvents = () => [];
    await cli.run('events', '--since', '41', '--action', 'cut-burst');
    const about = { ...WATCH_ALL, action: 'cut-burst', storedOnly: true };
    assert.deepEqual(cli.requests[0]?.request, { ...about, afterSequence: 41 });
    await cli.run('events', '--since', '10m', '--action', 'cut-burst');
    assert.deepEqual(cli.requests[1]?.request, { ...about, fromStart: true, sinceMs: 600_000 });
    assert.equal((await cli.run('events', '--since', 'soon')).code, 2);
  });

  it('events -f goes on behind what it has read when the control plane was away, and only then', async () => {
    const away = grpcError(status.UNAVAILABLE, 'the control plane stops');
    cli.answers.watchEvents = ({ afterSequence }: { afterSequence: number }) =>
      afterSequence === 43
        ? [{ kind: 'config', sequence: 44, message: 'after' }, grpcError(status.OUT_OF_RANGE, 'events are gone')]
        : [{ kind: 'config', sequence: 42 }, { kind: 'config', sequence: 43, message: 'before' }, away];
    const { code, out, err } = await cli.run('events', '--since', '41', '-f', '--json');
    assert.deepEqual(
      out.split('\n').map((line) => (JSON.parse(line) as { sequence: number }).sequence),
      [42, 43, 44],
    );
    assert.match(err, /going on after event 43$/m);
    assert.match(err, /events are gone$/);
    assert.equal(code, 1);
    cli.answers.watchEvents = () => [away];
    const never = await cli.run('events', '-f');
    assert.deepEqual([never.code, cli.requests.length], [3, 3], 'nobody said where to go on');
  });

  it('exits with 2 on a wrong command line', async () => {
    const { code, err } = await cli.run('budget', 'set', 'checkout', 'payment', '--int', '1.2');
    assert.equal(code, 2);
    assert.match(err, /'--int <fraction>' argument '1\.2' is invalid\. Give a fraction between 0 and 1/);
    assert.equal((await cli.run('sttus')).code, 2);
    assert.deepEqual(cli.requests, []);
  });

  it('exits with 3, and says how to start one, when no control plane answers', async () => {
    const { code, err } = await cli.run('status', '--server', '127.0.0.1:1');
    assert.equal(code, 3);
    assert.match(err, /no control plane answers at 127\.0\.0\.1:1\n {2}Start one with "capmesh up"/);
  });

  it("exits with 3, with the control plane's own words, when its store is away", async () => {
    cli.answers.getStatus = () => grpcError(status.UNAVAILABLE, 'the store cannot be reached');
    const { code, err } = await cli.run('status');
    assert.deepEqual([code, err], [3, 'capmesh: the store cannot be reached']);
  });

  it('exits with 4 when the credential is not accepted', async () => {
    cli.answers.getStatus = () => grpcError(status.UNAUTHENTICATED, 'wrong admin token');
    const { code, err } = await cli.run('status');
    assert.equal(code, 4);
    assert.match(err, /does not accept this credential: wrong admin token/);
  });

  it('exits with 3 where no mesh runs and none ever did', async () => {
    const { code, err } = await cli.run('status', '--state-dir', 'nowhere');
    assert.equal(code, 3);
    assert.match(err, /no mesh runs in .*nowhere/);
  });
});
