import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningMesh } from '../../cli/state-folder.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { type Checkout, makeCheckout, type Running } from '../support/up-fixture.ts';

interface Block {
  readonly language: string;
  readonly text: string;
}

const UP = 'npx capmesh up --example';

/** The code blocks of the page, in their order. */
const blocks: readonly Block[] = [
  ...readFileSync(join(packageRoot(), 'docs', 'quickstart.md'), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms),
].map(([, language = '', text = '']) => ({ language, text }));

const textOf = (language: string): string =>
  blocks.flatMap((each) => (each.language === language ? [each.text] : [])).join('');

/** A shown output as a pattern: … is anything on the line. */
const shown = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')}$`, 's');

describe('quickstart: everything on the page', function () {
  this.timeout(180_000);
  let checkout: Checkout;
  let up: Running;
  let mesh: RunningMesh;

  before(async () => {
    checkout = makeCheckout();
    up = await checkout.start(UP, /^ready in /);
    mesh = JSON.parse(readFileSync(join(checkout.folder, '.capmesh', 'up.json'), 'utf8'));
  });

  after(async () => {
    await up?.stop();
    checkout.remove();
  });

  /** The page names the usual ports; this mesh has those that were free. */
  const here = (text: string): string =>
    text
      .replaceAll('127.0.0.1:9102', `127.0.0.1:${mesh.examples.inventory}`)
      .replaceAll('127.0.0.1:10000', `127.0.0.1:${mesh.ports.nodes[0]?.mesh}`);

  const steps = blocks.filter(({ language, text }) => language === 'sh' && text !== `${UP}\n`);

  it('has its parts', () => {
    assert.equal(blocks.filter(({ text }) => text === `${UP}\n`).length, 1);
    assert.deepEqual([steps.length, blocks.filter(({ language }) => language === 'text').length], [4, 2]);
    assert.equal(textOf('ts').match(/^import /gm)?.length, 1, 'its program is one file');
    writeFileSync(join(checkout.folder, 'mesh.yaml'), here(textOf('yaml')));
    writeFileSync(join(checkout.folder, 'pay.mts'), here(textOf('ts')));
  });

  it('has the two examples of the design, line by line', () => {
    const python = textOf('ts')
      .split('\n')
      .flatMap((line) => / \/\/ (.*)$/.exec(line)?.[1] ?? []);
    const code = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');
    assert.deepEqual(python, code(REQUEST_CAPACITY + CHECK_OPERATION));
  });

  for (const step of steps) {
    it(`runs: ${step.text.trim().replaceAll('\n', ' · ')}`, async () => {
      if (step.text.includes('rm ')) await up.stop();
      const address = `127.0.0.1:${mesh.ports.grpc}`;
      const { code, out, err } = await checkout.run(`set -e; export CAPMESH_SERVER=${address}; ${step.text}`);
      assert.equal(code, 0, out + err);
      const next = blocks[blocks.indexOf(step) + 1];
      if (next?.language === 'text') assert.match(out, shown(next.text));
    });
  }

  it('leaves nothing behind', () => {
    assert.deepEqual(
      ['.capmesh', 'mesh.yaml', 'pay.mts', 'pay.mjs'].filter((name) => existsSync(join(checkout.folder, name))),
      [],
    );
  });
});

const REQUEST_CAPACITY = `
# Request capacity budget
response = platform.request_capacity(
    workload_id="payment-service",
    capacity_vector=CapacityVector(
        C_geo=0.7,    # Use up to rack-level topology
        C_int=0.5,    # Moderate coupling budget
        C_gauge=None, # No special consensus needs
        C_ptr=0.8,    # Handle many pointers/connections
        C_obs=0.3     # Light observability
    ),
    duration=timedelta(hours=1)
)

if response.admitted:
    token = response.capacity_token
    # Use token for operations
else:
    print(f"Rejected: gates_failed = {response.gates_failed}")
`;

const CHECK_OPERATION = `
# During operation, system checks capacity bounds
result = platform.check_operation(
    token=token,
    operation_type="cross_service_call",
    estimated_load=LoadEstimate(cpu=10, memory_mb=512)
)

if not result.allowed:
    # Handle capacity exceeded
    ...
`;
