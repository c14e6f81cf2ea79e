import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../core/capacity/capacity-vector.ts';
import type { MeshConfig } from '../../../core/mesh/mesh-config.ts';
import type { Problem } from '../../../core/problem.ts';
import { formatMeshFile, parseMeshFile } from '../../../platform/mesh-file.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

function accepted(text: string): { config: MeshConfig; warnings: readonly Problem[] } {
  const checked = parseMeshFile(text);
  if (!checked.ok) assert.fail(JSON.stringify(checked.problems, null, 2));
  return { config: checked.value, warnings: checked.warnings };
}

function refused(text: string): Record<string, string> {
  const checked = parseMeshFile(text);
  assert.equal(checked.ok, false, 'the file was accepted');
  if (checked.ok) return {};
  const told = checked.problems.map((problem) => [problem.path, problem.message]);
  assert.equal(new Set(told.map(([path]) => path)).size, told.length, `a path is told twice: ${JSON.stringify(told)}`);
  return Object.fromEntries(told);
}

const SMALL = 'mesh: m\nservices: { s: { endpoints: [127.0.0.1:80] } }\nworkloads: { w: {} }\n';

describe('mesh file', () => {
  it('reads the worked example with every default filled in', () => {
    const { config, warnings } = accepted(WORKED_EXAMPLE);
    assert.equal(config.mesh, 'shop');
    assert.deepEqual(config.services.get('payment'), {
      name: 'payment',
      endpoints: ['127.0.0.1:9101'],
      capacity: { rps: 400, concurrency: 24, cpuMsPerSec: null, memoryMiB: null },
      anonymous: null,
      authorizerDown: 'degrade',
      timeoutMs: 1000,
      ejectFailing: false,
    });
    assert.deepEqual(config.workloads.get('batch'), { name: 'batch', tenant: 'reports', prio: 2, weight: 1 });
    assert.deepEqual(config.budgets.get('checkout/payment'), {
      workload: 'checkout',
      service: 'payment',
      vector: { ...UNLIMITED, int: 0.8, ptr: 0.75, gauge: 0.5 },
    });
    assert.deepEqual(config.gates, {
      fitThreshold: 0.25,
      gluingK: 3,
      uvLambda1Hz: 1 / 30,
      uvLambdaMaxHz: null,
      isolationEps: 0.15,
    });
    assert.deepEqual(config.policy, { maxShedRatio: 0.9, shadow: [], fence: false });
    assert.deepEqual(
      warnings.map((warning) => [warning.path, warning.message.slice(0, 40)]),
      [
        ['services.payment', 'over-committed: int of its budgets adds '],
        ['services.payment', 'over-committed: ptr of its budgets adds '],
      ],
    );
  });

  it('writes what it reads', () => {
    const { config } = accepted(WORKED_EXAMPLE);
    const text = formatMeshFile(config);
    assert.deepEqual(accepted(text).config, config);
    assert.doesNotMatch(text, /timeoutMs|gates|policy|null/);
  });

  it('takes a workload as its own tenant, prio 5 and weight 1', () => {
    assert.deepEqual(accepted(SMALL).config.workloads.get('w'), { name: 'w', tenant: 'w', prio: 5, weight: 1 });
  });

  it('multiplies capacityPerEndpoint by the endpoints', () => {
    const { config } = accepted(
      'mesh: m\nservices: { s: { endpoints: ["a:1", "b:1", "[::1]:1"], capacityPerEndpoint: { rps: 10, memoryMiB: 64 } } }',
    );
    assert.deepEqual(config.services.get('s')?.capacity, {
      rps: 30,
      concurrency: null,
      cpuMsPerSec: null,
      memoryMiB: 192,
    });
  });

  it('turns rps and parallel into fractions', () => {
    const { config } = accepted(`mesh: m
services: { s: { endpoints: [127.0.0.1:80], capacity: { rps: 400, concurrency: 20 } } }
workloads: { w: {} }
budgets: { w: { s: { rps: 100, parallel: 5 } } }`);
    assert.deepEqual(config.budgets.get('w/s')?.vector, { ...UNLIMITED, int: 0.25, ptr: 0.25 });
  });

  it('takes endpoints that say where they are, and names what is wrong with one', () => {
    const { config } = accepted(
      'mesh: m\nservices: { s: { endpoints: [127.0.0.1:1, { address: 127.0.0.1:2, region: eu, zone: eu-a, node: n1 }] } }\n',
    );
    assert.deepEqual(config.services.get('s')?.endpoints, [
      '127.0.0.1:1',
      { address: '127.0.0.1:2', region: 'eu', zone: 'eu-a', node: 'n1' },
    ]);
    const problems = refused(`
mesh: m
services:
  s: { endpoints: [{ address: here }, { zone: a }, { address: a:1, zone: EU }, 7, { address: a:1, rack: r }] }
`);
    assert.deepEqual(problems, {
      'services.s.endpoints[0].address':
        'must be host:port, the host a DNS name, an IPv4 address or [IPv6] (got "here")',
      'services.s.endpoints[1].address': 'is missing',
      'services.s.endpoints[2].zone': 'must be a name: a-z, 0-9 and - inside, at most 63 characters (got "EU")',
      'services.s.endpoints[3]': 'must be a string or a map (got 7)',
      'services.s.endpoints[4].address': 'repeats a:1, which is services.s.endpoints[2]',
      'services.s.endpoints[4].rack': 'is not a known field; known here: address, region, zone, subZone, node',
    });
  });

  it('warns where C_geo lets no call through, or cannot act', () => {
    const checked = parseMeshFile(`
mesh: m
services:
  s: { endpoints: [127.0.0.1:1], capacity: { rps: 9 } }
  t: { endpoints: [t.example:1], capacity: { rps: 9 } }
  u: { endpoints: [{ address: 127.0.0.1:1, zone: eu-a }], capacity: { rps: 9 } }
workloads: { w: {}, x: {}, y: {} }
budgets:
  w: { s: { int: 0.1, geo: 0 }, t: { int: 0.1, geo: 0 }, u: { int: 0.1, geo: 0.4 } }
  x: { s: { int: 0.1, geo: 0.4 } }
  y: { s: { int: 0.1, geo: 0.1 } }
`);
    assert.deepEqual(checked.ok ? checked.warnings : [], [
      {
        path: 'budgets.w.s',
        message: 'geo is 0: no endpoint is near enough, and every call fails with 503',
      },
      { path: 'budgets.w.t', message: 'geo has no effect: an endpoint of t is a DNS name' },
      { path: 'budgets.x.s', message: 'geo has no effect: no endpoint of s says where it is' },
    ]);
  });

  it('names ten different mistakes at once', () => {
    const problems = refused(`
mesh: Shop
servcies: {}
services:
  payment: { endpoints: [127.0.0.1:9101, 127.0.0.1:9101], capacity: { rps: -1 }, timeoutMs: 1.5 }
  inventory: { capacity: { rps: 10 }, anonymous: nobody }
workloads:
  checkout: { prio: 12, wieght: 2 }
budgets:
  checkout: { payment: { int: 1.5 }, stock: { int: 0.5 }, inventory: { int: 0.5, rps: 3 } }
  batch: { payment: { ptr: no } }
`);
    assert.deepEqual(problems, {
      mesh: 'must be a name: a-z, 0-9 and - inside, at most 63 characters (got "Shop")',
      servcies: 'is not a known field; did you mean services?',
      'services.payment.capacity.rps': 'must be > 0 (got -1)',
      'services.payment.endpoints[1]': 'repeats 127.0.0.1:9101, which is services.payment.endpoints[0]',
      'services.payment.timeoutMs': 'must be a whole number (got 1.5)',
      'services.inventory.endpoints': 'is missing',
      'services.inventory.anonymous': 'workload "nobody" is not declared',
      'workloads.checkout.prio': 'must be ≤ 9 (got 12)',
      'workloads.checkout.wieght': 'is not a known field; did you mean weight?',
      'budgets.checkout.payment.int': 'must be ≤ 1 (got 1.5)',
      'budgets.checkout.stock': 'service "stock" is not declared',
      'budgets.checkout.inventory.rps': 'must not be set together with int',
      'budgets.batch': 'workload "batch" is not declared',
      'budgets.batch.payment.ptr': 'must be a number or null (got "no")',
    });
  });

  it('tells what else is wrong beside a name that breaks the rules, and takes references to it', () => {
    const problems = refused(`
mesh: shop
services: { "pay ment": { endpoints: [127.0.0.1:9101] } }
workloads: { checkout: {} }
budgets: { checkout: { "pay ment": { int: 0.5 }, ghost: { int: 0.1 } }, nobody: {} }
`);
    assert.deepEqual(Object.keys(problems), [
      'services.pay ment',
      'budgets.checkout.pay ment',
      'budgets.checkout.ghost',
      'budgets.nobody',
    ]);
  });

  it('tells syntax errors by line and column', () => {
    const problems = refused('mesh: m\nservices: { s: {endpoints: [a:1 }\n');
    assert.ok(Object.keys(problems).length > 0);
    for (const path of Object.keys(problems)) assert.match(path, /^line \d+, column \d+$/);
  });

  it('tells a key that is given twice beside the other mistakes', () => {
    const problems = refused('mesh: m\nworkloads:\n  w: {}\n  w: {}\npolicy: { maxShedRatio: 2 }\n');
    assert.deepEqual(problems, {
      'line 4, column 3': 'Map keys must be unique',
      'policy.maxShedRatio': 'must be ≤ 1 (got 2)',
    });
  });

  it('needs a capacity for absolute numbers, and room in it', () => {
    const problems = refused(`mesh: m
services: { s: { endpoints: [a:1] }, t: { endpoints: [a:1], capacity: { rps: 10 } } }
workloads: { w: {} }
budgets: { w: { s: { rps: 5, parallel: 2 }, t: { rps: 11 } } }`);
    assert.match(problems['budgets.w.s.rps'] ?? '', /needs a declared capacity\.rps of s/);
    assert.match(problems['budgets.w.s.parallel'] ?? '', /needs a declared capacity\.concurrency of s/);
    assert.equal(problems['budgets.w.t.rps'], 'must be ≤ 10, the capacity of t (got 11)');
  });

  it('does not blame budgets for a capacity that is itself wrong', () => {
    const problems = refused(`mesh: m
services: { s: { endpoints: [a:1], capacity: { rps: many } } }
workloads: { w: {} }
budgets: { w: { s: { rps: 5 } } }`);
    assert.deepEqual(Object.keys(problems), ['services.s.capacity.rps']);
  });

  it('refuses both forms of a service capacity', () => {
    const problems = refused(
      'mesh: m\nservices: { s: { endpoints: [a:1], capacity: { rps: 1 }, capacityPerEndpoint: { rps: 1 } } }',
    );
    assert.deepEqual(problems, { 'services.s.capacityPerEndpoint': 'must not be set together with capacity' });
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['a list', '- 1'],
    ['a sentence', 'hello'],
    ['no numbers', `${SMALL}budgets: { w: { s: { int: .nan } } }`],
    ['infinity', `${SMALL}budgets: { w: { s: { rps: .inf } } }`],
    ['names that are not names', `${SMALL}budgets: { "w/x": {} }`],
    ['a reserved name', 'mesh: m\nworkloads: { ~x: {} }'],
    ['a prototype', 'mesh: m\nworkloads: { __proto__: {} }'],
    [
      'endless aliases',
      `a: &a [x, x, x, x, x, x, x, x]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]`,
    ],
    ['an alias of nothing', 'mesh: *nothing'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.ok(Object.keys(refused(text)).length > 0);
    });
  }

  it('takes words that happen to be names of object members', () => {
    const { config } = accepted(`mesh: m
services: { constructor: { endpoints: [a:1], anonymous: constructor } }
workloads: { constructor: {} }
budgets: { constructor: { constructor: { int: 0.5 } } }`);
    assert.equal(config.budgets.size, 1);
    assert.throws(() => accepted('mesh: m\nbudgets: { constructor: {} }'), /is not declared/);
  });

  it('warns of what is allowed but easily unintended', () => {
    const { warnings } = accepted(`mesh: m
services: { s: { endpoints: [a:1], anonymous: v }, t: { endpoints: [a:1], capacity: { rps: 1 } } }
workloads: { w: {}, v: {} }
budgets: { w: { s: { int: 0.5 }, t: {} }, v: { t: { int: 0 } } }`);
    assert.deepEqual(
      warnings.map((warning) => warning.path),
      ['budgets.w.s', 'budgets.w.t', 'budgets.v.t', 'services.s.anonymous'],
    );
  });
});
