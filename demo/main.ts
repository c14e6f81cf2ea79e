/**
 * `make demo`: a shop of four services behind real Envoys, trouble of four kinds, one
 * for each gate, and what Capmesh does about it.
 * `DEMO_SECONDS=60` ends by itself; without it the story repeats until ^C.
 * `DEMO_RECORD=<folder>` keeps a recording there, for `capmesh replay`.
 * The last line on stdout is one JSON object that sums the run up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Demo } from './demo.ts';

const seconds = readSeconds(process.env.DEMO_SECONDS);
const folder = mkdtempSync(join(tmpdir(), 'capmesh-demo-'));
const recordTo = process.env.DEMO_RECORD ? resolve(process.env.DEMO_RECORD) : undefined;
const demo = new Demo(folder, seconds, recordTo);
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    demo.interrupt();
  });
}

try {
  const summary = await demo.run();
  await demo.stop();
  console.log(JSON.stringify({ demo: summary }));
} catch (error) {
  await demo.stop();
  if (interrupted) console.error('demo: interrupted before the traffic began');
  else console.error(`demo: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function readSeconds(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 1)
    throw new Error(`DEMO_SECONDS: must be a number of at least 1, not ${text}`);
  return value;
}
