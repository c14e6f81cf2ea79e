import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { checkMesh } from '../core/mesh/check-mesh.ts';
import type { MeshConfig } from '../core/mesh/mesh-config.ts';
import type { MeshDocument } from '../core/mesh/mesh-document.ts';
import { MESH_SCHEMA } from '../core/mesh/mesh-schema.ts';
import type { Checked, Problem } from '../core/problem.ts';
import { fieldPath, pruneInvalid, schemaProblem } from './schema-problem.ts';

const matchesSchema = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true }).compile<MeshDocument>(
  MESH_SCHEMA,
);

/** Problems told at most; a file that is wrong throughout needs no longer list. */
const PROBLEMS_MAX = 1000;

/**
 * Checks plain data against schema and semantics. Mistakes of both kinds are told
 * together, by path: what the schema refuses is left out for the second check.
 */
export function checkMeshDocument(raw: unknown): Checked<MeshConfig> {
  if (matchesSchema(raw)) return checkMesh(raw);
  const errors = (matchesSchema.errors ?? []).slice(0, PROBLEMS_MAX);
  const structural = errors.flatMap((error) => schemaProblem(error));
  const semantic = semanticProblems(raw, errors);
  const told = new Set(structural.map((problem) => problem.path));
  return {
    ok: false,
    problems: [...structural, ...semantic.filter((problem) => !told.has(problem.path))].slice(0, PROBLEMS_MAX),
  };
}

function semanticProblems(raw: unknown, errors: readonly ErrorObject[]): readonly Problem[] {
  const pruned = pruneInvalid(raw, errors);
  // A name that breaks the rules still names what refers to it.
  const losesNames = errors.some(
    ({ instancePath, keyword, propertyName }) =>
      /^\/(services|workloads)$/.test(instancePath) && keyword !== 'propertyNames' && propertyName === undefined,
  );
  if (pruned === null || losesNames) return [];
  const checked = checkMesh(pruned as unknown as MeshDocument);
  if (checked.ok) return [];
  // A capacity that the schema refused is unknown to the second check, which would then ask for it.
  const lostCapacities = new Set(
    errors.flatMap((error) => /^services\.([^.]+)\.capacity/.exec(fieldPath(error.instancePath))?.[1] ?? []),
  );
  return checked.problems.filter(({ path }) => {
    const [, service] = /^budgets\.[^.]+\.([^.]+)\.(?:rps|parallel)$/.exec(path) ?? [];
    return service === undefined || !lostCapacities.has(service);
  });
}
