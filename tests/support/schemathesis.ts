import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../platform/package-root.ts';

export interface SchemathesisRun {
  /** Where the server describes itself. */
  readonly url: string;
  /** Settings, as TOML. */
  readonly settings: string;
  readonly checks: readonly string[];
  /** Which operations, as flags: `--include-path-regex`. */
  readonly filter: readonly string[];
  /** Fuzzed cases of each operation at most; those at the edges of its schema come on top. */
  readonly examplesMax: number;
  readonly seed: number;
  readonly timeoutMs: number;
}

export interface SchemathesisResult {
  /** 0 = nothing was found; null = it was ended when the time was over. */
  readonly exitCode: number | null;
  /** What it printed. */
  readonly log: string;
  /** Cases by operation (`GET /v1/services/{name}`) and status of the answer. */
  readonly cases: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Tries a server by its own description, with Schemathesis in a process of its own. */
export async function runSchemathesis(run: SchemathesisRun): Promise<SchemathesisResult> {
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-schemathesis-'));
  const settings = join(folder, 'settings.toml');
  const report = join(folder, 'run.ndjson');
  try {
    writeFileSync(settings, run.settings);
    const flags = [
      ...['--phases', 'coverage,fuzzing', '--checks', run.checks.join(), '--continue-on-failure'],
      ...['--max-examples', String(run.examplesMax), '--seed', String(run.seed)],
      ...['--report', 'ndjson', '--report-ndjson-path', report],
      ...run.filter,
    ];
    const child = spawn(program(), ['--no-color', '--config-file', settings, 'run', run.url, ...flags], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: run.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (log += text));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, log, cases: exitCode === null ? new Map() : await casesIn(report) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Installed at the first run, as `tools/schemathesis-requirements.txt` pins it. */
function program(): string {
  const script = join(packageRoot(), 'tools', 'python-environment.py');
  const python = execFileSync('python3', [script, 'schemathesis'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return join(dirname(python.toString().trim()), 'st');
}

interface Recorder {
  readonly cases?: Readonly<Record<string, { readonly value: { readonly method: string; readonly path: string } }>>;
  readonly interactions?: Readonly<Record<string, { readonly response?: { readonly status_code: number } | null }>>;
}

async function casesIn(report: string): Promise<Map<string, Map<number, number>>> {
  const counted = new Map<string, Map<number, number>>();
  for await (const line of createInterface({ input: createReadStream(report) })) {
    const { ScenarioFinished: finished } = JSON.parse(line) as { ScenarioFinished?: { recorder: Recorder } };
    const { cases = {}, interactions = {} } = finished?.recorder ?? {};
    for (const [id, { value }] of Object.entries(cases)) {
      const status = interactions[id]?.response?.status_code;
      if (status === undefined) continue;
      const operation = `${value.method} ${value.path}`;
      const statuses = counted.get(operation) ?? new Map<number, number>();
      counted.set(operation, statuses.set(status, (statuses.get(status) ?? 0) + 1));
    }
  }
  return counted;
}
