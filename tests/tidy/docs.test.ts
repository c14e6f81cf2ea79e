import assert from 'node:assert/strict';
import { type SourceFile, sourceFiles } from './source-files.ts';

interface Exported {
  /** `path:line name`. */
  readonly where: string;
  /** The doc comment right above; empty if there is none. */
  readonly doc: string;
  /** All of the declaration, comments inside it included. */
  readonly text: string;
}

const DECLARATION = /^export (?:async )?(?:function\*?|class|const) (\w+)/;

/** Functions, classes and constants that a file exports. */
function exportsOf({ path, text }: SourceFile): Exported[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const name = DECLARATION.exec(line)?.[1];
    if (name === undefined) return [];
    return [{ where: `${path}:${index + 1} ${name}`, doc: docAbove(lines, index), text: declaration(lines, index) }];
  });
}

function docAbove(lines: readonly string[], index: number): string {
  if (!lines[index - 1]?.trimEnd().endsWith('*/')) return '';
  const start = lines.slice(0, index).findLastIndex((line) => line.startsWith('/**'));
  return start === -1 ? '' : lines.slice(start, index).join('\n');
}

/** Up to the empty line after which something else begins at the margin. */
function declaration(lines: readonly string[], index: number): string {
  const rest = lines.slice(index);
  const end = rest.findIndex((line, i) => line === '' && !rest[i + 1]?.startsWith(' '));
  return rest.slice(0, end === -1 ? undefined : end).join('\n');
}

const withoutDoc = (files: readonly SourceFile[]): string[] =>
  files.flatMap(exportsOf).flatMap(({ where, doc }) => (doc === '' ? [where] : []));

const withoutErrors = (files: readonly SourceFile[]): string[] =>
  files
    .flatMap(exportsOf)
    .flatMap(({ where, doc, text }) =>
      /\bthrow new\b/.test(text) && !/\bthrows?\b/i.test(commentsOf(doc + text)) ? [where] : [],
    );

/** Its comments alone. */
const commentsOf = (text: string): string => (text.match(/\/\*\*[\s\S]*?\*\//g) ?? []).join('\n');

describe('tidy: what core exports', () => {
  const files = sourceFiles().filter(({ path }) => /^core\/.*\.ts$/.test(path));

  it('is found', () => {
    assert.ok(files.flatMap(exportsOf).length > 300);
  });

  it('says what it is: formula, units and source where it has any', () => {
    assert.deepEqual(withoutDoc(files), []);
  });

  it('says when it throws', () => {
    assert.deepEqual(withoutErrors(files), []);
  });

  it('would be caught without a word', () => {
    const text = [
      '/** Halves x. */',
      'export const half = (x: number): number => x / 2;',
      '',
      'export class Silent {',
      '  stop(): void {',
      "    throw new Error('no');",
      '  }',
      '}',
      '',
      '/** Adds up. Throws a RangeError where there is nothing. */',
      'export function sum(values: readonly number[]): number {',
      "  if (values.length === 0) throw new RangeError('nothing');",
      '  return 0;',
      '}',
    ].join('\n');
    const files = [{ path: 'core/x.ts', text }];
    assert.deepEqual(withoutDoc(files), ['core/x.ts:4 Silent']);
    assert.deepEqual(withoutErrors(files), ['core/x.ts:4 Silent']);
  });
});
