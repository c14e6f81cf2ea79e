import assert from 'node:assert/strict';
import { combine, judge, notApplicable, unknown } from '../../../../core/gates/verdict.ts';

describe('verdict', () => {
  it('passes at a ratio of exactly 1 and fails just above', () => {
    assert.equal(judge(1).status, 'PASS');
    assert.equal(judge(1 + 1e-12).status, 'FAIL');
    assert.equal(judge(Number.POSITIVE_INFINITY).status, 'FAIL');
  });

  it('never passes a NaN', () => {
    assert.deepEqual(judge(Number.NaN), unknown('nonfinite'));
  });

  it('combines to FAIL before UNKNOWN before PASS before NOT_APPLICABLE', () => {
    const [pass, fail] = [judge(0.5, { worst: 'a/b' }), judge(3, { worst: 'c/d' })];
    assert.equal(combine([pass, unknown('warmup'), fail]).status, 'FAIL');
    assert.equal(combine([pass, unknown('warmup'), notApplicable('x')]).status, 'UNKNOWN');
    assert.equal(combine([pass, notApplicable('x')]).status, 'PASS');
    assert.equal(combine([notApplicable('x'), notApplicable('y')]).status, 'NOT_APPLICABLE');
  });

  it('takes ratio and worst name from the largest part and the reason from the deciding one', () => {
    const verdict = combine([judge(0.5, { worst: 'a/b' }), unknown('warmup'), judge(0.7, { worst: 'c/d' })]);
    assert.deepEqual([verdict.ratio, verdict.worst, verdict.reason], [0.7, 'c/d', 'warmup']);
  });
});
