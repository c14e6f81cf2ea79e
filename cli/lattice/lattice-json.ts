import { createHash } from 'node:crypto';
import type { FrameworkVerdict } from '../../core/framework/gate-verdicts.ts';
import { type GeoSweep, geoSweepText } from '../../core/framework/geo-sweep.ts';
import type { MultiAxisPoint } from '../../core/framework/multi-axis-sweep.ts';
import type { PublishedRun } from '../../core/framework/published-figures.ts';
import type { PublishedReport } from '../../core/framework/published-report.ts';

const RUN_ID_LENGTH = 12;

/** The report without the curves that its figures are read from. */
export const publishedJson = ({ n32, n64, sweep, staircase, statements }: PublishedReport): unknown => ({
  n32: runJson(n32),
  n64: runJson(n64),
  staircase: staircase.map(({ point, figure }) => ({ geo: point.geo, weights: point.weights, ...figure })),
  geoSweep: geoSweepJson(sweep),
  statements,
});

const runJson = ({ options, rows, reference, sound }: PublishedRun): unknown => ({
  ...options,
  rows,
  reference: { points: reference.points.map(pointJson), gates: reference.verdicts.map(verdictJson) },
  sound: { points: sound.points.map(pointJson), gates: sound.verdicts.map(verdictJson) },
});

export const pointJson = ({ capacity, dimension, nominalDimension, crossings, metrics, modes }: MultiAxisPoint) => ({
  capacity,
  dimension,
  nominalDimension,
  crossings,
  metrics,
  modes,
});

export const verdictJson = ({ gate, status, checks }: FrameworkVerdict) => ({ gate, status, checks });

export const geoSweepJson = (sweep: GeoSweep) => ({
  runId: createHash('sha256').update(geoSweepText(sweep.config)).digest('hex').slice(0, RUN_ID_LENGTH),
  ...sweep.config,
  window: sweep.window,
  points: sweep.points.map(({ geo, weights, nominalDimension, dimension }) => {
    return { geo, weights, nominalDimension, dimension };
  }),
  crossings: sweep.crossings,
});
