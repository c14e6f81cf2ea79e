import assert from 'node:assert/strict';
import { GateStatus } from '../../../proto/gen/capmesh/v1/gates.ts';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';

describe('capmesh: reports', () => {
  let cli: CliFixture;

  beforeEach(async () => {
    cli = await startCliFixture();
  });

  afterEach(() => cli.stop());

  it('scale lists who should be larger, by how much and why', async () => {
    const request = {
      service: 'payment',
      currentCapacityRps: 392.4,
      refusedRps: 608,
      recommendedFactor: 2.75,
      since: { seconds: 1_800_000_000, nanos: 0 },
      reason: 'fit u 2.31 (threshold 1)',
    };
    cli.answers.getScale = () => ({ requests: [request] });
    const { out } = await cli.run('scale');
    assert.deepEqual(
      out.split('\n').map((line) => line.replace(/ {2,}/g, ' | ')),
      [
        'SERVICE | CAPACITY/s | REFUSED/s | TIMES | SINCE | REASON',
        'payment | 392.4 | 608 | 2.75 | 2027-01-15T08:00:00.000Z | fit u 2.31 (threshold 1)',
      ],
    );
    const { requests } = JSON.parse((await cli.run('scale', '--json')).out);
    assert.deepEqual(requests, [{ ...request, since: '2027-01-15T08:00:00.000Z' }]);
    cli.answers.getScale = () => ({ requests: [] });
    assert.equal((await cli.run('scale')).out, 'no service is asked to be made larger');
  });

  it('admission report shows each figure with what it is judged by, and the latest outcomes', async () => {
    const PASS = GateStatus.GATE_STATUS_PASS;
    const admission = {
      clean: 41,
      falsified: 1,
      missed: 0,
      pending: 3,
      precision: { value: 0.976, bound: 0.892, status: PASS },
      recall: { value: 1, bound: 0.938, status: PASS },
      calibrationError: { value: 0.12, bound: 0.12, status: GateStatus.GATE_STATUS_FAIL },
      margin: 0.15,
      coldStartMax: 0.05,
      latest: [
        { kind: 'falsified', workload: 'batch', ratioMax: 0.43, confidence: 0.91, ageSec: 65 },
        { kind: 'clean', workload: 'checkout', confidence: 0.85, ageSec: 90.4 },
      ],
    };
    cli.answers.getStatus = () => ({ admission });
    const { out, code } = await cli.run('admission', 'report');
    assert.equal(code, 0);
    assert.deepEqual(
      out.split('\n').map((line) => line.replace(/ {2,}/g, ' | ')),
      [
        '41 turned out well, 1 badly, 0 refused needlessly, 3 not judged yet',
        "grants are admitted up to 0.85 of every gate's threshold; at most 0.05 of an axis while gates cannot be judged",
        '',
        'FIGURE | VALUE | BOUND | NEEDED | STATUS',
        'precision | 0.976 | 0.892 | ≥ 0.85 | PASS',
        'recall | 1 | 0.938 | ≥ 0.7 | PASS',
        'calibration error | 0.12 | 0.12 | ≤ 0.1 | FAIL',
        '',
        'DECIDED | WORKLOAD | OUTCOME | PREDICTED u | CONFIDENCE',
        '1 min 5 s ago | batch | turned out badly | 0.43 | 0.91',
        '1 min 30 s ago | checkout | turned out well | – | 0.85',
      ],
    );
    const told = JSON.parse((await cli.run('admission', 'report', '--json')).out);
    assert.deepEqual([told.precision.bound, told.latest[0].kind], [0.892, 'falsified']);
    cli.answers.getStatus = () => ({});
    assert.match((await cli.run('admission', 'report')).out, /^precision +– +– +≥ 0\.85 +UNKNOWN$/m);
  });
});
