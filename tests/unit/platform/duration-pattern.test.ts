import { equal } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { durationPattern } from '../../../platform/duration-pattern.ts';

describe('durationPattern', () => {
  it('matches the durations between its bounds and no others', () => {
    const seconds = fc.oneof(fc.nat(120), fc.nat(100_000));
    fc.assert(
      fc.property(seconds, seconds, seconds, fc.nat(999), (one, other, whole, millis) => {
        const [min, max] = [Math.min(one, other), Math.max(one, other)];
        const ms = whole * 1000 + millis;
        const text = `${whole}.${String(millis).padStart(3, '0')}s`;
        equal(new RegExp(durationPattern(min, max)).test(text), ms >= min * 1000 && ms <= max * 1000);
      }),
    );
  });

  it('takes the bounds themselves, in every spelling, and nothing but durations', () => {
    const pattern = new RegExp(durationPattern(1, 3600));
    const texts = ['1s', '01s', '3600s', '3600.000s', '0.9s', '3600.001s', '-1s', '1', '1m', '1.s'];
    equal(texts.map((text) => (pattern.test(text) ? 'x' : '-')).join(''), 'xxxx------');
    const anyDuration = new RegExp(durationPattern());
    equal(['-1.5s', '0s', '1m'].map((text) => (anyDuration.test(text) ? 'x' : '-')).join(''), 'xx-');
  });
});
