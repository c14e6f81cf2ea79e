import { parseDocument, stringify } from 'yaml';
import type { MeshConfig } from '../core/mesh/mesh-config.ts';
import { meshDocument } from '../core/mesh/to-mesh-document.ts';
import type { Checked, Problem } from '../core/problem.ts';
import { checkMeshDocument } from './check-mesh-document.ts';

/**
 * Reads a mesh file (YAML or JSON). Syntax errors come with line and column as
 * their path; otherwise every mistake of structure and meaning with the path of
 * its field. A key given twice does not hide the other mistakes.
 */
export function parseMeshFile(text: string): Checked<MeshConfig> {
  const document = parseDocument(text, { prettyErrors: true });
  const syntax = syntaxProblems(document);
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { ok: false, problems: syntax };
  const read = toPlainData(document);
  if (!read.ok) return { ok: false, problems: [...syntax, read.problem] };
  const checked = checkMeshDocument(read.value);
  if (syntax.length === 0) return checked;
  return { ok: false, problems: [...syntax, ...(checked.ok ? [] : checked.problems)] };
}

/** One mistake may be reported once for every level that it leaves open; it is told once. */
function syntaxProblems({ errors }: ParsedDocument): Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of errors) {
    const [start] = error.linePos ?? [];
    const path = start ? `line ${start.line}, column ${start.col}` : 'file';
    const [sentence = error.message] = error.message.split('\n');
    if (!problems.has(path)) problems.set(path, { path, message: sentence.replace(/ at line \d+, column \d+:?$/, '') });
  }
  return [...problems.values()];
}

type ParsedDocument = ReturnType<typeof parseDocument>;

type PlainData = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: Problem };

/** Aliases are resolved here, and those that name nothing or multiply too often are refused. */
function toPlainData(document: ParsedDocument): PlainData {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return { ok: false, problem: { path: 'file', message: error instanceof Error ? error.message : String(error) } };
  }
}

/** The mesh file of a configuration, without what the defaults say; `parseMeshFile` reads it back. */
export const formatMeshFile = (config: MeshConfig): string =>
  stringify(meshDocument(config), { aliasDuplicateObjects: false, lineWidth: 120, flowCollectionPadding: false });
