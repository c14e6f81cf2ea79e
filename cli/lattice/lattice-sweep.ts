import { type GeoSweep, geoSweep } from '../../core/framework/geo-sweep.ts';
import { type MultiAxisOptions, multiAxisSweep } from '../../core/framework/multi-axis-sweep.ts';
import { publishedReport } from '../../core/framework/published-report.ts';
import { geoSweepJson, pointJson, publishedJson, verdictJson } from './lattice-json.ts';
import { gateLine, geoSweepLines, pointLines, publishedLines, sweepTitle } from './lattice-lines.ts';

export interface LatticeOptions {
  readonly n?: number;
  readonly dims?: number;
  readonly geo?: readonly number[];
  readonly int?: readonly number[];
  readonly paired?: true;
  readonly parity?: true;
}

/** An answer in both of its forms; only the one that is asked for is made. */
export interface LatticeAnswer {
  json(): unknown;
  lines(): string[];
}

const OWN_OPTIONS = ['n', 'dims', 'geo', 'int', 'paired', 'parity'] as const;

/** The published tables, or a sweep of one's own where any option is given. Throws a RangeError as the sweeps do. */
export function latticeSweep(options: LatticeOptions): LatticeAnswer {
  if (OWN_OPTIONS.every((name) => options[name] === undefined)) {
    const report = publishedReport();
    return { json: () => publishedJson(report), lines: () => publishedLines(report) };
  }
  const { n: side = 64, dims = 3, geo = [0.1, 0.25, 0.5, 0.75, 1], int = [0, 0.5, 1], parity = false } = options;
  return ownSweep({ dims, side, geo, int, mode: options.paired ? 'paired' : 'grid', parity }, geoSweep({ dims, side }));
}

function ownSweep(options: MultiAxisOptions, staircase: GeoSweep): LatticeAnswer {
  const { points, verdicts } = multiAxisSweep(options);
  return {
    json: () => ({
      ...options,
      points: points.map(pointJson),
      gates: verdicts.map(verdictJson),
      geoSweep: geoSweepJson(staircase),
    }),
    lines: () => [sweepTitle(options), ...pointLines(points), gateLine(verdicts), '', ...geoSweepLines(staircase)],
  };
}
