import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { configObjects, keyOfPath, pathOfKey } from '../../../../control-plane/state/config-keys.ts';
import { configView } from '../../../../control-plane/state/config-view.ts';
import { DEFAULT_GATES, DEFAULT_POLICY } from '../../../../core/mesh/mesh-defaults.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';
import { WORKED_EXAMPLE } from '../../../support/worked-example.ts';

describe('stored configuration', () => {
  it('comes back as it was taken apart', () => {
    const parsed = parseMeshFile(WORKED_EXAMPLE);
    if (!parsed.ok) throw new Error('the worked example is a mesh');
    const objects = [...configObjects(parsed.value)].map(
      ([key, value], index): [string, { value: unknown; revision: number }] => [
        key,
        { value: JSON.parse(JSON.stringify(value)), revision: index + 1 },
      ],
    );
    const view = configView('shop', new Map(objects.reverse()), 9);
    deepEqual(new Map([...view.config.budgets].sort()), new Map([...parsed.value.budgets].sort()));
    deepEqual(Object.fromEntries(view.config.services), Object.fromEntries(parsed.value.services));
    deepEqual(view.config.gates, parsed.value.gates);
    equal(view.revision, 9);
    equal(
      view.revisions.get('budget.checkout.payment'),
      objects.find(([key]) => key === 'budget.checkout.payment')?.[1].revision,
    );
  });

  it('is the same whatever the order of the writes', () => {
    const parsed = parseMeshFile(WORKED_EXAMPLE);
    if (!parsed.ok) throw new Error('the worked example is a mesh');
    const objects = [...configObjects(parsed.value)].map(
      ([key, value]): [string, { value: unknown; revision: number }] => [key, { value, revision: 1 }],
    );
    const names = (entries: typeof objects) => [...configView('shop', new Map(entries), 1).config.budgets.keys()];
    deepEqual(names(objects), names([...objects].reverse()));
  });

  it('has the default settings until others are stored, and for those that are newer than what is stored', () => {
    const empty = configView('shop', new Map(), 0).config;
    deepEqual([empty.gates, empty.policy], [DEFAULT_GATES, DEFAULT_POLICY]);
    const old = new Map([['mesh', { value: { gates: { gluingK: 4 } }, revision: 1 }]]);
    deepEqual(configView('shop', old, 1).config.gates, { ...DEFAULT_GATES, gluingK: 4 });
  });

  it('keys and paths of the mesh file name the same objects', () => {
    for (const [key, path] of [
      ['mesh', 'mesh'],
      ['service.payment', 'services.payment'],
      ['workload.checkout', 'workloads.checkout'],
      ['budget.checkout.payment', 'budgets.checkout.payment'],
    ] as const) {
      deepEqual([pathOfKey(key), keyOfPath(path)], [path, key]);
    }
  });
});
