import assert from 'node:assert/strict';
import { GATES, type GateName, type GateStatus } from '../../../../core/gates/gate-state.ts';
import { type GateLook, judgeLooks } from '../../../../core/sweep/judge-looks.ts';

/** Ticks of two services whose gates all pass at u 0.2, but for one gate of payment. */
function looks(gate: GateName, story: readonly (readonly [GateStatus, number | null])[]): GateLook[][] {
  return story.map(([status, ratio]) =>
    GATES.flatMap((name): GateLook[] => [
      { service: 'checkout', gate: name, status: 'PASS', ratio: 0.2 },
      name === gate
        ? { service: 'payment', gate: name, status, ratio }
        : { service: 'payment', gate: name, status: 'PASS', ratio: 0.1 },
    ]),
  );
}

describe('judging a mesh by the looks of its gates', () => {
  it('is stable where every gate stays open, and tells the largest u that held for two ticks', () => {
    const { gates, stable } = judgeLooks(
      looks('fit', [
        ['PASS', 0.4],
        ['PASS', 0.9],
        ['PASS', 0.6],
      ]),
    );
    assert.equal(stable, true);
    assert.deepEqual(gates.fit, { status: 'PASS', u: 0.6, service: 'payment' });
    assert.deepEqual(gates.uv, { status: 'PASS', u: 0.2, service: 'checkout' });
  });

  it('is not stable where a gate of one service failed for a moment', () => {
    const { gates, stable } = judgeLooks(
      looks('uv', [
        ['FAIL', 2],
        ['FAIL', 1.5],
        ['PASS', 0.5],
      ]),
    );
    assert.equal(stable, false);
    assert.deepEqual(gates.uv, { status: 'FAIL', u: 1.5, service: 'payment' });
    assert.equal(gates.fit.status, 'PASS');
  });

  it('is not stable while a gate is not known, and is where there is nothing to judge', () => {
    const unknown = judgeLooks(
      looks('isolation', [
        ['PASS', 0.1],
        ['UNKNOWN', null],
      ]),
    );
    assert.equal(unknown.stable, false);
    assert.deepEqual(unknown.gates.isolation, { status: 'UNKNOWN', u: null, service: 'payment' });
    const nothing = judgeLooks(
      looks('isolation', [
        ['NOT_APPLICABLE', null],
        ['NOT_APPLICABLE', null],
      ]),
    );
    assert.equal(nothing.stable, true);
  });

  it('knows nothing without a look', () => {
    assert.equal(judgeLooks([]).stable, false);
    assert.equal(judgeLooks([]).gates.fit.status, 'UNKNOWN');
  });
});
