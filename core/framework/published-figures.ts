import type { GateName } from '../gates/gate-state.ts';
import { type MultiAxisOptions, type MultiAxisSweep, multiAxisSweep } from './multi-axis-sweep.ts';

/** A figure of the published tables, to the digits it was published with, and what it comes out as. */
export interface PublishedFigure {
  readonly name: string;
  readonly published: string;
  readonly computed: number;
  /** Whether the computed value rounds to the published one. */
  readonly agrees: boolean;
}

/** A value beside the bound that its gate holds it against. */
export interface PublishedRow {
  readonly gate: GateName;
  readonly value: PublishedFigure;
  /** `null` where none was published. */
  readonly bound: PublishedFigure | null;
  /** The bound that the reference computes for this run. */
  readonly heldAgainst: number;
}

/** One published run of the reference, reproduced with its faults, and the sound form of the same capacities. */
export interface PublishedRun {
  readonly options: MultiAxisOptions;
  readonly rows: readonly PublishedRow[];
  readonly reference: MultiAxisSweep;
  readonly sound: MultiAxisSweep;
}

interface PublishedTable {
  readonly options: MultiAxisOptions;
  readonly fit: readonly [string, string];
  readonly gluing: readonly [string, string];
  readonly lambda1: string;
  readonly lambdaInt: string;
  readonly isolation: string;
}

const N32: PublishedTable = {
  options: { dims: 3, side: 32, geo: [0.33, 0.66, 1], int: [0, 0.5, 1], mode: 'grid' },
  fit: ['0.0336', '0.165'],
  gluing: ['0.00645', '0.01105'],
  lambda1: '0.0384',
  lambdaInt: '7.414',
  isolation: '0.0134',
};

const N64: PublishedTable = {
  options: { dims: 3, side: 64, geo: [0.5], int: [0.5], mode: 'paired' },
  fit: ['0.01715', '0.25'],
  gluing: ['0.002246', '0.003906'],
  lambda1: '0.00963',
  lambdaInt: '7.409',
  isolation: '0.005',
};

/**
 * The tables that Framework v4.5 publishes for N = 32 and N = 64 (D = 3), computed with
 * the reference's faults, for they are in the published figures (MATHS §A8, §A10 b1, b2).
 * Gluing, UV and isolation come from their own bounds there and cannot fail (b3).
 */
export const publishedRuns = (): { readonly n32: PublishedRun; readonly n64: PublishedRun } => ({
  n32: publishedRun(N32),
  n64: publishedRun(N64),
});

/** Whether a value rounds to the digits of a published one. */
export function publishedFigure(name: string, published: string, computed: number): PublishedFigure {
  const digits = published.split('.')[1]?.length ?? 0;
  return { name, published, computed, agrees: Number(computed.toFixed(digits)) === Number(published) };
}

function publishedRun(table: PublishedTable): PublishedRun {
  const reference = multiAxisSweep({ ...table.options, parity: true });
  const { metrics } = reference;
  const row = (
    gate: GateName,
    name: string,
    [value, bound]: readonly [string, string?],
    computed: number | null,
    limit: number | null,
  ): PublishedRow => {
    const heldAgainst = limit ?? Number.NaN;
    return {
      gate,
      value: publishedFigure(name, value, computed ?? Number.NaN),
      bound: bound === undefined ? null : publishedFigure(`${name} bound`, bound, heldAgainst),
      heldAgainst,
    };
  };
  return {
    options: table.options,
    rows: [
      row('fit', 'fit error', table.fit, metrics.fitError, metrics.fitThreshold),
      row('gluing', 'overlap delta', table.gluing, metrics.overlapDelta, metrics.gluingK / Math.sqrt(metrics.modes)),
      row('uv', 'lambda1', [table.lambda1], metrics.lambda1, metrics.uvMaxLambda1),
      row('uv', 'lambda_int', [table.lambdaInt], metrics.lambdaInt, metrics.uvMaxLambdaInt),
      row('isolation', 'isolation', [table.isolation], metrics.isolation, metrics.isolationThreshold),
    ],
    reference,
    sound: multiAxisSweep(table.options),
  };
}
