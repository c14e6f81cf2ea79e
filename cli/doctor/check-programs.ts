import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type BinaryName, lookUpBinary } from '../../platform/binaries.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

type Version = readonly [major: number, minor: number];

const run = promisify(execFile);

/** Oldest versions with what we need: ES2023 in Node, atomic batches in nats-server, the Envoy we tested. */
const NODE_MIN: Version = [20, 19];
const PROGRAMS: readonly { readonly name: BinaryName; readonly min: Version }[] = [
  { name: 'envoy', min: [1, 40] },
  { name: 'nats-server', min: [2, 12] },
];

export async function checkPrograms(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  return [
    checkNode(process.versions.node),
    ...(await Promise.all(PROGRAMS.map((program) => checkProgram(program, env)))),
  ];
}

export function checkNode(version: string): Finding {
  const found = parseVersion(version);
  return found !== null && isAtLeast(found, NODE_MIN)
    ? ok('node', version)
    : fail('node', `${version} is too old`, `Install Node ${NODE_MIN.join('.')} or newer.`);
}

async function checkProgram(
  { name, min }: { readonly name: BinaryName; readonly min: Version },
  env: NodeJS.ProcessEnv,
): Promise<Finding> {
  const binary = lookUpBinary(name, env);
  if (binary === null) return fail(name, 'not found', 'Run "make setup".');
  const where = `${binary.path} (${binary.source})`;
  try {
    const { stdout } = await run(binary.path, ['--version'], { timeout: 10_000 });
    const version = parseVersion(stdout);
    if (version === null) return warn(name, `${where} does not say its version`, '');
    if (!isAtLeast(version, min)) {
      return warn(name, `${version.join('.')} at ${where}`, `Capmesh is made for ${min.join('.')} or newer.`);
    }
    return ok(name, `${version.join('.')} at ${where}`);
  } catch (error) {
    return fail(name, `${where} does not run: ${(error as Error).message.trim()}`, 'Run "make setup".');
  }
}

/** First `major.minor.patch` in a text such as `envoy  version: <hash>/1.40.0/Clean`. */
export function parseVersion(text: string): Version | null {
  const match = /\b(?:v|)(\d+)\.(\d+)\.\d+/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function isAtLeast([major, minor]: Version, [majorMin, minorMin]: Version): boolean {
  return major > majorMin || (major === majorMin && minor >= minorMin);
}
