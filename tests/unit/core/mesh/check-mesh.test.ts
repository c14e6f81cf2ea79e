import assert from 'node:assert/strict';
import { checkMesh } from '../../../../core/mesh/check-mesh.ts';
import type { MeshDocument } from '../../../../core/mesh/mesh-document.ts';

const problemsOf = (document: MeshDocument): string[] => {
  const checked = checkMesh(document);
  return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`);
};

const service = { endpoints: ['127.0.0.1:9101'], capacity: { rps: 100 } };

describe('checks of a mesh', () => {
  it('name a budget in absolute numbers whose service nobody declared, once', () => {
    const problems = problemsOf({ mesh: 'm', workloads: { web: {} }, budgets: { web: { nowhere: { rps: 10 } } } });
    assert.equal(problems.length, 1, problems.join());
    assert.match(problems[0] ?? '', /^budgets\.web\.nowhere/);
  });

  it('bound the number of budget lines', () => {
    const names = Array.from({ length: 142 }, (_, i) => `n${i}`);
    const all = <T>(value: T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value]));
    const mesh = { mesh: 'm', services: all(service), workloads: all({}), budgets: all(all({ int: 0.1 })) };
    assert.match(problemsOf(mesh).join(), /^budgets: .*20164/);
  });
});
