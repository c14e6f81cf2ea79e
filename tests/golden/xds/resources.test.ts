import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CapacityPlan } from '../../../core/allocators/capacity-plan.ts';
import { buildSnapshot } from '../../../envoy/render-plan.ts';
import { buildRuntimeLayer } from '../../../envoy/runtime-layer.ts';
import { decodeAny } from '../../support/decode-any.ts';

/** Tests run from dist/, the pairs stay beside the sources. */
const ROOT = join(process.cwd(), 'tests/golden/xds');

/** in/<name>.json (a plan) → out/<name>.json (its resources); `UPDATE_GOLDEN=1` rewrites, the diff is to be read. */
describe('golden xDS resources', () => {
  const names = readdirSync(join(ROOT, 'in')).sort();

  it('has pairs', () => assert.ok(names.length >= 2));

  for (const name of names) {
    it(`renders ${name}`, () => {
      const plan = JSON.parse(readFileSync(join(ROOT, 'in', name), 'utf8')) as CapacityPlan;
      const rendered = `${JSON.stringify(render(plan), null, 1)}\n`;
      const path = join(ROOT, 'out', name);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, rendered);
      assert.equal(rendered, readFileSync(path, 'utf8'));
    });
  }
});

function render(plan: CapacityPlan): object {
  const layer = buildRuntimeLayer(plan);
  return {
    runtime: decodeAny(layer.typeUrl, layer.bytes),
    ...Object.fromEntries(
      [...buildSnapshot(plan).sets].map(([typeUrl, { resources }]) => [
        typeUrl.slice(typeUrl.lastIndexOf('.') + 1),
        [...resources.values()].map((resource) => decodeAny(typeUrl, resource.bytes)),
      ]),
    ),
  };
}
