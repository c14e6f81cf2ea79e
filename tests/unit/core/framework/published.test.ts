import assert from 'node:assert/strict';
import { publishedFigure } from '../../../../core/framework/published-figures.ts';
import { publishedReport } from '../../../../core/framework/published-report.ts';

describe('published figures of Framework v4.5 (MATHS §A8, §A10 b4, b6)', () => {
  const report = publishedReport();
  const [, , , lambda1, finer] = report.statements;
  const evidence = (statement: typeof lambda1): string[] =>
    (statement?.evidence ?? []).map(({ value }) => value.toPrecision(4));

  it('every figure of both tables and the staircase comes out as published', () => {
    const figures = [report.n32, report.n64]
      .flatMap(({ rows }) => rows)
      .flatMap(({ value, bound }) => (bound === null ? [value] : [value, bound]))
      .concat(report.staircase.map(({ figure }) => figure));
    assert.equal(figures.length, 18);
    assert.deepEqual(
      figures.filter(({ agrees }) => !agrees),
      [],
    );
  });

  it('two statements do not hold', () => {
    assert.deepEqual(
      report.statements.map(({ holds }) => holds),
      [true, true, true, false, false],
    );
  });

  it('λ1 of N = 64 has a bound of 1; 3.8 is that of N = 32', () => {
    assert.deepEqual(evidence(lambda1), ['0.009631', '1.000', '3.843']);
    assert.match(lambda1?.because ?? '', /its own bound is 1\.0; 3\.8 is the bound of N = 32/);
  });

  it('a finer lattice has no lower fit error at equal C_int', () => {
    assert.deepEqual(evidence(finer), ['0.03357', '0.01715', '0.01710', '0.01715']);
    assert.match(finer?.because ?? '', /0\.01710 for N = 32 and 0\.01715 for N = 64/);
  });

  it('a figure agrees if it rounds to the digits that were published', () => {
    assert.equal(publishedFigure('x', '0.0336', 0.033649).agrees, true);
    assert.equal(publishedFigure('x', '0.0336', 0.033651).agrees, false);
    assert.equal(publishedFigure('x', '0.0336', Number.NaN).agrees, false);
  });
});
