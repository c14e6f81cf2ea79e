import { type GeoPoint, type GeoSweep, geoSweep, staircase } from './geo-sweep.ts';
import { type MultiAxisOptions, multiAxisSweep } from './multi-axis-sweep.ts';
import { type PublishedFigure, type PublishedRun, publishedFigure, publishedRuns } from './published-figures.ts';

/** d_s at the first point of each step of the staircase (D = 3, N = 64) and at C_geo = 1. */
const STAIRCASE = ['1.08', '2.11', '2.77', '3.03'] as const;
/** Bound of λ1 that the N = 64 table quotes. */
const LAMBDA1_BOUND = '3.8';

/** A published statement, and whether computing says the same. */
export interface PublishedStatement {
  readonly statement: string;
  readonly holds: boolean;
  /** The computed numbers that decide it. */
  readonly evidence: readonly { readonly name: string; readonly value: number }[];
  readonly because: string;
}

export interface PublishedReport {
  readonly n32: PublishedRun;
  readonly n64: PublishedRun;
  readonly sweep: GeoSweep;
  readonly staircase: readonly { readonly point: GeoPoint; readonly figure: PublishedFigure }[];
  readonly statements: readonly PublishedStatement[];
}

/**
 * Everything that Framework v4.5 publishes about its lattices, computed anew, with a
 * verdict on each statement (MATHS §A5, §A8, §A10 b4, b6). Takes about a second.
 */
export function publishedReport(): PublishedReport {
  const { n32, n64 } = publishedRuns();
  const sweep = geoSweep({ dims: 3, side: 64 });
  const points = staircase(sweep);
  const steps = points.map((point, i) => ({
    point,
    figure: publishedFigure(`d_s at C_geo = ${point.geo.toFixed(3)}`, STAIRCASE[i] ?? '', point.dimension),
  }));
  const statements = [
    tableStatement('the figures of the N = 32 table', n32.rows.flatMap(figuresOf)),
    tableStatement('the figures of the N = 64 table', n64.rows.flatMap(figuresOf)),
    tableStatement(
      'the staircase of d_s over C_geo, D = 3, N = 64',
      steps.map(({ figure }) => figure),
    ),
    lambda1Statement(n32, n64),
    finerLatticeStatement(n32, n64),
  ];
  return { n32, n64, sweep, staircase: steps, statements };
}

const figuresOf = ({ value, bound }: PublishedRun['rows'][number]): PublishedFigure[] =>
  bound === null ? [value] : [value, bound];

function tableStatement(statement: string, figures: readonly PublishedFigure[]): PublishedStatement {
  const wrong = figures.filter(({ agrees }) => !agrees);
  return {
    statement,
    holds: wrong.length === 0,
    evidence: figures.map(({ name, computed }) => ({ name, value: computed })),
    because:
      wrong.length === 0
        ? 'every figure comes out to the digits published'
        : `not so: ${wrong.map(({ name, published }) => `${name} ${published}`).join(', ')}`,
  };
}

/** The published bound is that of the smaller lattice (MATHS §A10 b6). */
function lambda1Statement(n32: PublishedRun, n64: PublishedRun): PublishedStatement {
  const own = n64.reference.metrics.uvMaxLambda1 ?? Number.NaN;
  const other = n32.reference.metrics.uvMaxLambda1 ?? Number.NaN;
  const { agrees } = publishedFigure('lambda1 bound', LAMBDA1_BOUND, own);
  const isOther = publishedFigure('lambda1 bound', LAMBDA1_BOUND, other).agrees;
  return {
    statement: `N = 64: lambda1 is held against ${LAMBDA1_BOUND}`,
    holds: agrees,
    evidence: [
      { name: 'lambda1 of N = 64', value: n64.reference.metrics.lambda1 },
      { name: 'its bound max(1, 100·lambda1)', value: own },
      { name: 'the same bound of N = 32', value: other },
    ],
    because: agrees
      ? `${LAMBDA1_BOUND} is its own bound`
      : `its own bound is ${own.toFixed(1)}${isOther ? `; ${LAMBDA1_BOUND} is the bound of N = 32` : ''}`,
  };
}

/** The published runs differ in C_int, not only in N (MATHS §A10 b4). */
function finerLatticeStatement(n32: PublishedRun, n64: PublishedRun): PublishedStatement {
  const coarse = fitError({ ...n64.options, side: n32.options.side });
  const fine = fitError(n64.options);
  const published = [n32.reference.metrics.fitError, n64.reference.metrics.fitError] as const;
  const [largest, only] = [n32.options, n64.options].map(({ int }) => Math.max(...int));
  const holds = fine < coarse;
  return {
    statement: 'a finer lattice (N = 64 instead of 32) lowers the fit error',
    holds,
    evidence: [
      { name: 'fit error published for N = 32', value: published[0] ?? Number.NaN },
      { name: 'fit error published for N = 64', value: published[1] ?? Number.NaN },
      { name: `fit error of N = 32 at C_int = ${only}`, value: coarse },
      { name: `fit error of N = 64 at C_int = ${only}`, value: fine },
    ],
    because: holds
      ? `it does at equal C_int = ${only}`
      : `the runs had different C_int (up to ${largest}, and ${only}); at equal C_int = ${only} it is ` +
        `${coarse.toFixed(5)} for N = 32 and ${fine.toFixed(5)} for N = 64`,
  };
}

const fitError = (options: MultiAxisOptions): number =>
  multiAxisSweep({ ...options, parity: true }).metrics.fitError ?? Number.NaN;
