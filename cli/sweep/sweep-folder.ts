import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SweptPoint } from '../../core/sweep/sweep-plane.ts';
import { CliError, EXIT } from '../cli-error.ts';

/** All that decides what the points of a sweep come to, as plain data. */
export type SweepConfiguration = Readonly<Record<string, unknown>>;

export const configurationHash = (configuration: SweepConfiguration): string =>
  createHash('sha256').update(JSON.stringify(configuration)).digest('hex');

/**
 * The folder of a sweep: `sweep.json` with its configuration and the hash of it,
 * `points.jsonl` with a line for each finished point, and `sweep.svg`. A sweep of
 * the same configuration goes on with the points that are missing.
 */
export class SweepFolder {
  readonly path: string;
  /** What an earlier run had finished. */
  readonly finished: readonly SweptPoint[];

  private constructor(path: string, finished: readonly SweptPoint[]) {
    this.path = path;
    this.finished = finished;
  }

  /** Begins a sweep in the folder or takes it up again; throws where it holds another sweep. */
  static open(path: string, shownPath: string, configuration: SweepConfiguration): SweepFolder {
    const hash = configurationHash(configuration);
    const file = join(path, 'sweep.json');
    if (!existsSync(file)) {
      mkdirSync(path, { recursive: true });
      writeFileSync(file, `${JSON.stringify({ hash, configuration }, null, 2)}\n`);
      return new SweepFolder(path, []);
    }
    const stored = readStored(file, shownPath);
    if (stored.hash !== hash) throw otherSweep(shownPath, stored, { hash, configuration });
    return new SweepFolder(path, readPoints(join(path, 'points.jsonl')));
  }

  add(point: SweptPoint): void {
    appendFileSync(join(this.path, 'points.jsonl'), `${JSON.stringify(point)}\n`);
  }

  /** Returns where it was written. */
  writePicture(svg: string): string {
    const file = join(this.path, 'sweep.svg');
    writeFileSync(file, svg);
    return file;
  }
}

interface Stored {
  readonly hash: string;
  readonly configuration: SweepConfiguration;
}

function readStored(file: string, shownPath: string): Stored {
  try {
    const { hash, configuration } = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    if (typeof hash === 'string' && typeof configuration === 'object') return { hash, configuration };
  } catch {
    // Told below.
  }
  throw new CliError(EXIT.usage, `--out ${shownPath}: its sweep.json cannot be read`, 'Name another folder.');
}

function otherSweep(shownPath: string, stored: Stored, wanted: Stored): CliError {
  const names = Object.keys({ ...stored.configuration, ...wanted.configuration }).filter(
    (name) => JSON.stringify(stored.configuration[name]) !== JSON.stringify(wanted.configuration[name]),
  );
  const hashes = `hash ${stored.hash.slice(0, 12)} there, ${wanted.hash.slice(0, 12)} here`;
  return new CliError(
    EXIT.usage,
    `--out ${shownPath}: holds another sweep: ${names.join(', ')} differ (${hashes})`,
    'Name another folder, or remove this one.',
  );
}

/** Every whole line; a run that was killed may have left half of one, which is finished off so that the next begins anew. */
function readPoints(file: string): SweptPoint[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writeFileSync(file, whole);
  const points = whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as SweptPoint]));
  return [...new Map(points.map((point) => [point.index, point])).values()];
}
