import assert from 'node:assert/strict';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';

describe('capmesh explain on refusals', () => {
  let cli: CliFixture;

  beforeEach(async () => {
    cli = await startCliFixture();
  });

  afterEach(() => cli.stop());

  it('explain explains a refusal by its id, or the newest of an edge for a reason', async () => {
    const record = {
      id: '0123abcd-7',
      node: 'node-1',
      workload: 'checkout',
      service: 'payment',
      reason: 'budget-exhausted',
      at: { seconds: 1_800_000_000, nanos: 0 },
    };
    cli.answers.explain = () => ({ refusal: { sentence: 'all was used: `capmesh status`', record } });
    const { out } = await cli.run('explain', '0123abcd-7');
    assert.equal(
      out,
      '0123abcd-7: budget-exhausted for checkout/payment on node-1, 2027-01-15T08:00:00.000Z\nall was used: `capmesh status`',
    );
    cli.answers.explain = () => ({ refusal: { sentence: 'Envoy did it: `capmesh status`' } });
    for (const edge of [['checkout/payment'], ['checkout', 'payment']]) {
      const newest = await cli.run('explain', '--reason', 'breaker-open', ...edge);
      assert.equal(newest.out, 'Envoy did it: `capmesh status`');
    }
    const asked = cli.requests.filter(({ method }) => method === 'explain').map(({ request }) => request);
    const ofEdge = { workload: 'checkout', service: 'payment', refusalId: '', reason: 'breaker-open' };
    assert.deepEqual(asked.slice(-3), [
      { workload: '', service: '', refusalId: '0123abcd-7', reason: '' },
      ofEdge,
      ofEdge,
    ]);
  });

  it('explain says how to ask when an id is not known, and what is wrong with a command line', async () => {
    cli.answers.explain = () => ({ problems: [{ path: 'refusalId', message: 'too old' }] });
    const { code, err } = await cli.run('explain', '0123abcd-7');
    assert.equal(code, 1);
    assert.match(err, /refusalId: too old\n.*capmesh explain --reason/);
    assert.equal((await cli.run('explain', '--reason', 'breaker-open', 'checkout')).code, 2);
    const unknown = await cli.run('explain', '--reason', 'bad-luck', 'checkout/payment');
    assert.deepEqual([unknown.code, /Allowed choices are token-missing/.test(unknown.err)], [2, true]);
  });
});
