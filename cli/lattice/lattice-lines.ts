import type { FrameworkVerdict } from '../../core/framework/gate-verdicts.ts';
import { type GeoPoint, type GeoSweep, staircase } from '../../core/framework/geo-sweep.ts';
import type { MultiAxisOptions, MultiAxisPoint } from '../../core/framework/multi-axis-sweep.ts';
import type { PublishedRow, PublishedRun } from '../../core/framework/published-figures.ts';
import type { PublishedReport, PublishedStatement } from '../../core/framework/published-report.ts';
import { type Column, table } from '../output/table.ts';

const COUNTS = ['no', 'one', 'two', 'three', 'four', 'five'];

/** The published tables beside what they come out as, and which statements do not hold. */
export function publishedLines(report: PublishedReport): string[] {
  return [
    'Framework v4.5: published figures, computed anew with the faults that they were published with',
    '',
    ...runLines(report.n32),
    '',
    ...runLines(report.n64),
    '',
    staircaseTitle(report.sweep),
    ...table(report.staircase, [
      ...stepColumns(({ point }: (typeof report.staircase)[number]) => point),
      { title: 'PUBLISHED', value: ({ figure }) => figure.published, right: true },
    ]),
    '',
    ...statementLines(report.statements),
  ];
}

/** What is swept, in one line. */
export const sweepTitle = ({ dims, side, geo, int, mode, parity }: MultiAxisOptions): string =>
  `D = ${dims}, N = ${side}, C_geo ${geo.join(' ')} ${mode === 'grid' ? '×' : 'with'} C_int ${int.join(' ')}` +
  (parity ? ', as the reference computes it' : '');

export function pointLines(points: readonly MultiAxisPoint[]): string[] {
  return table(points, [
    ...capacityColumns((point: MultiAxisPoint) => point),
    { title: 'D_S', value: ({ dimension }) => dimension.toFixed(3), right: true },
    { title: 'FIT ERROR', value: ({ metrics }) => digits(metrics.fitError), right: true },
    { title: 'BOUND', value: ({ metrics }) => digits(metrics.fitThreshold), right: true },
    { title: 'SELECTED', value: ({ modes }) => `${modes.selected}/${modes.accessible}`, right: true },
  ]);
}

/** Worst case over a sweep; what nothing measures is skipped. */
export const gateLine = (verdicts: readonly FrameworkVerdict[]): string =>
  `gates: ${verdicts.map(({ gate, status }) => `${gate} ${status}`).join(' · ')}`;

export function geoSweepLines(sweep: GeoSweep): string[] {
  const crossings = sweep.crossings.map(({ dimension, at }) => `${dimension} at ${at.toFixed(3)}`).join(' · ');
  return [
    staircaseTitle(sweep),
    ...table(
      staircase(sweep),
      stepColumns((point: GeoPoint) => point),
    ),
    ...(crossings === '' ? [] : [`d_s passes ${crossings}`]),
  ];
}

const staircaseTitle = ({ config }: GeoSweep): string => `Staircase over C_geo, D = ${config.dims}, N = ${config.side}`;

const stepColumns = <Row>(pointOf: (row: Row) => GeoPoint): Column<Row>[] => [
  { title: 'C_GEO', value: (row) => pointOf(row).geo.toFixed(3), right: true },
  {
    title: 'WEIGHTS',
    value: (row) =>
      pointOf(row)
        .weights.map((weight) => weight.toFixed(2))
        .join(' '),
  },
  { title: 'D_S', value: (row) => pointOf(row).dimension.toFixed(3), right: true },
];

const capacityColumns = <Row>(pointOf: (row: Row) => MultiAxisPoint): Column<Row>[] => [
  { title: 'C_GEO', value: (row) => `${pointOf(row).capacity.geo}`, right: true },
  { title: 'C_INT', value: (row) => `${pointOf(row).capacity.int}`, right: true },
];

function runLines({ options, rows, reference, sound }: PublishedRun): string[] {
  const pairs = reference.points.map((point, i) => ({ point, sound: sound.points[i] ?? point }));
  return [
    sweepTitle({ ...options, parity: true }),
    ...table(rows, [
      { title: 'GATE', value: ({ gate }: PublishedRow) => gate },
      { title: 'QUANTITY', value: ({ value }) => value.name },
      { title: 'VALUE', value: ({ value }) => digits(value.computed), right: true },
      { title: 'PUBLISHED', value: ({ value }) => value.published, right: true },
      { title: 'BOUND', value: ({ heldAgainst }) => digits(heldAgainst), right: true },
      { title: 'PUBLISHED', value: ({ bound }) => bound?.published ?? '–', right: true },
      { title: 'OF BOUND', value: (row) => percent(row.value.computed / row.heldAgainst), right: true },
    ]),
    gateLine(reference.verdicts),
    ...table(pairs, [
      ...capacityColumns(({ point }: (typeof pairs)[number]) => point),
      { title: 'D_S REFERENCE', value: ({ point }) => point.dimension.toFixed(3), right: true },
      { title: 'D_S SOUND', value: (pair) => pair.sound.dimension.toFixed(3), right: true },
      { title: 'FIT ERROR REFERENCE', value: ({ point }) => digits(point.metrics.fitError), right: true },
      { title: 'FIT ERROR SOUND', value: (pair) => digits(pair.sound.metrics.fitError), right: true },
    ]),
    `sound form, ${gateLine(sound.verdicts)} (nothing measures what is skipped)`,
  ];
}

function statementLines(statements: readonly PublishedStatement[]): string[] {
  const [held, failed] = [true, false].map((holds) => statements.filter((statement) => statement.holds === holds));
  const heading = (count: number, verb: string): string =>
    `${COUNTS[count] ?? count} published ${count === 1 ? 'statement' : 'statements'} ${verb}${count === 0 ? '' : ':'}`;
  return [
    heading(held?.length ?? 0, 'hold'),
    ...(held ?? []).map(({ statement, because }) => `  ${statement}: ${because}`),
    heading(failed?.length ?? 0, 'do not hold'),
    ...(failed ?? []).flatMap(({ statement, because, evidence }) => [
      `  ${statement}: ${because}`,
      ...evidence.map(({ name, value }) => `    ${name} = ${value.toPrecision(4)}`),
    ]),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** Four digits that say something. */
const digits = (value: number | null): string => (value === null ? '–' : `${Number(value.toPrecision(4))}`);
