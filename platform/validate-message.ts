import type { Problem } from '../core/problem.ts';
import { messageRegistry } from './message-registry.ts';
import { type Check, compileMessageRules } from './message-rules.ts';

let checks: ReadonlyMap<string, Check> | undefined;

/** Compiles the rules of all capmesh.v1 messages; throws on one that is not understood. Called at start. */
export function loadMessageRules(): ReadonlyMap<string, Check> {
  checks ??= compileMessageRules(messageRegistry(), 'capmesh.v1');
  return checks;
}

/**
 * Everything in a ts-proto object that breaks the `validate.rules` of its
 * message, for example `validateMessage('capmesh.v1.ApplyRequest', request)`.
 * Paths use proto JSON names: `mesh.budgets[2].vector.cInt`. Throws on an
 * unknown message name.
 */
export function validateMessage(typeName: string, message: object): Problem[] {
  const check = loadMessageRules().get(typeName);
  if (check === undefined) {
    throw new Error(`no message ${typeName} in capmesh.v1`);
  }
  const problems: Problem[] = [];
  check(message, '', problems);
  return problems;
}
