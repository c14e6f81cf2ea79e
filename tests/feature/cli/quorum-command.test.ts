import assert from 'node:assert/strict';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';

describe('capmesh quorum', () => {
  let cli: CliFixture;
  before(async () => {
    cli = await startCliFixture();
  });
  after(() => cli?.stop());

  it('tells what a group of five keeps, without a control plane', async () => {
    const { code, out } = await cli.run('quorum', '--members', '5', '--gauge', '0.8', '--votes-per-sec', '400');
    assert.equal(code, 0);
    assert.deepEqual(out.split('\n').slice(0, 4), [
      'quorum            4 of 5',
      'faults borne      1 may be away',
      'proposals per sec 100 (400 votes/s ÷ 4)',
      'lease             21.6 s',
    ]);
    assert.match(out, /^safe from split-brain: any two quorums of 4 of 5 have at least 3 members in common/m);
    assert.deepEqual(cli.requests, []);
  });

  it('answers in JSON; without --gauge by a plain majority', async () => {
    const { out } = await cli.run('quorum', '--members', '4', '--json');
    const { why, ...numbers } = JSON.parse(out);
    assert.deepEqual(numbers, {
      members: 4,
      gauge: null,
      votesPerSec: null,
      quorum: 3,
      faultsTolerated: 1,
      sharedMembers: 2,
      proposalsPerSec: null,
      leaseMs: 60_000,
      sharedAcrossChange: 1,
    });
    assert.match(why, /only one of them can decide/);
    const all = await cli.run('quorum', '--members', '3', '--gauge', '1');
    assert.match(all.out, /^faults borne +none: every member has to be there$/m);
  });

  it('exits with 2 and names every mistake', async () => {
    const { code, err } = await cli.run('quorum', '--members', 'five', '--gauge', '1.2', '--votes-per-sec', '0');
    assert.equal(code, 2);
    for (const path of ['members', 'gauge', 'votesPerSec']) assert.match(err, new RegExp(`error: ${path}: must be`));
    assert.equal((await cli.run('quorum')).code, 2);
  });
});
