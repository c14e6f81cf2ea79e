import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../platform/package-root.ts';
import type { CallGraph } from './call-graphs.ts';

export type Solver = 'eigvalsh' | 'eigsh' | 'looseEigsh';

export interface PeerAnswer {
  readonly ms: number;
  readonly lambda1: number;
  /** `null` where the solver does not look for it. */
  readonly lambdaMax: number | null;
}

/** NumPy and SciPy in a process of their own, asked one question at a time. */
export class NumpyPeer {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  /** Makes the Python environment first where it is missing or out of date. Throws where that fails. */
  constructor() {
    const script = join(packageRoot(), 'bench', 'tick', 'spectrum-peer.py');
    this.#child = spawn(environmentPython(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async take({ size, calls }: CallGraph): Promise<void> {
    await this.#ask({
      size,
      from: calls.map(({ from }) => from),
      to: calls.map(({ to }) => to),
      rateRps: calls.map(({ rateRps }) => rateRps),
    });
  }

  async solve(solver: Solver): Promise<PeerAnswer> {
    return (await this.#ask({ solve: solver })) as PeerAnswer;
  }

  stop(): void {
    this.#child.stdin.end();
  }

  async #ask(question: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the Python process ended; see above why');
    return JSON.parse(value);
  }
}

/** Python with exactly what `tools/bench-tick-requirements.txt` pins. */
function environmentPython(): string {
  const script = join(packageRoot(), 'tools', 'python-environment.py');
  return execFileSync('python3', [script, 'bench-tick'], { stdio: ['ignore', 'pipe', 'inherit'] })
    .toString()
    .trim();
}
