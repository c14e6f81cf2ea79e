import { ChildProgram, jsonField } from '../../demo/child-program.ts';
import { programPath } from '../../demo/program-path.ts';
import type { AnswerTotals } from '../../demo/traffic/answer-counts.ts';
import type { PhaseReport } from '../../demo/traffic/traffic-source.ts';

export interface Target {
  readonly port: number;
  readonly authority: string;
  /** How the caller gets its capacity token; absent = it has none. */
  readonly identity?: { readonly capacityAddress: string; readonly workload: string; readonly secretFile: string };
}

export interface Load {
  readonly rateRps: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly arrivals: 'poisson' | 'even';
  readonly seed: number;
}

/** Offers a load to a target from a process of its own; returns the counts after the warm-up. */
export async function runTraffic(target: Target, load: Load): Promise<AnswerTotals> {
  const { port, authority, identity } = target;
  const { rateRps, warmupSeconds, seconds, arrivals, seed } = load;
  const phases = `warm-up:${warmupSeconds}:${rateRps},measured:${seconds}:${rateRps}`;
  const args = ['--ports', `${port}`, '--authority', authority, '--phases', phases];
  args.push('--arrivals', arrivals, '--seed', `${seed}`);
  if (identity) {
    const { capacityAddress, workload, secretFile } = identity;
    args.push('--capacity-address', capacityAddress, '--workload', workload, '--secret-file', secretFile);
  }
  const program = new ChildProgram({ command: process.execPath, args: [programPath('demo/traffic/main'), ...args] });
  try {
    const reports = await program.first(jsonField<PhaseReport[]>('phases'));
    const measured = reports.find((report) => report.name === 'measured');
    if (!measured) throw new Error('the traffic ended before it was measured');
    return measured;
  } finally {
    await program.stop();
  }
}
