import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Problem } from '../core/problem.ts';
import { parseMeshFile } from '../platform/mesh-file.ts';
import { meshToMessage } from '../platform/mesh-message.ts';
import type { Mesh } from '../proto/gen/capmesh/v1/mesh.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { problemLines } from './output/problem-lines.ts';

/** Reads and checks a mesh file; throws with every mistake in it, each with its line. */
export function readMeshFile({ cwd }: Pick<CliContext, 'cwd'>, file: string): Mesh {
  const text = readMeshText(resolve(cwd, file));
  const checked = parseMeshFile(text);
  if (!checked.ok) throw new CliError(EXIT.usage, locate(text, file, checked.problems).join('\n'));
  return meshToMessage(checked.value);
}

export function readMeshText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const hint = '"capmesh init" writes an example.';
    throw new CliError(EXIT.usage, `cannot read the mesh file: ${(error as Error).message}`, hint);
  }
}

/** Problems as `file:line:column: path: message`; those that no line belongs to keep their path alone. */
export function locate(text: string, file: string, problems: readonly Problem[]): string[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  return problems.map((problem) => {
    const segments = problem.path.split(/[.[\]]+/).filter((segment) => segment !== '');
    // The nearest parent stands for a field that is missing.
    for (let length = segments.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(segments.slice(0, length), true);
      if (!isNode(node) || !node.range) continue;
      const { line, col } = lineCounter.linePos(node.range[0]);
      return `${file}:${line}:${col}: ${problem.path}: ${problem.message}`;
    }
    return `${file}: ${problemLines('error', [problem])[0]}`;
  });
}
