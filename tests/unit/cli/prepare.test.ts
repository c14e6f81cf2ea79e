import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { CliContext } from '../../../cli/context.ts';
import { buildProgram } from '../../../cli/program.ts';
import { runCli } from '../../../cli/run-cli.ts';
import { packageRoot } from '../../../platform/package-root.ts';

describe('capmesh prepare', () => {
  let folder: string;
  const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');

  const prepare = async (...more: string[]): Promise<void> => assert.equal(await prepared(...more), 0);

  /** Its exit code. */
  async function prepared(...more: string[]): Promise<number> {
    const context: CliContext = {
      env: {},
      cwd: folder,
      clock: { monotonicMs: () => 0, wallMs: () => 0 },
      signal: new AbortController().signal,
      input: () => '',
      out: () => {},
      err: () => {},
    };
    return runCli(buildProgram(context), ['prepare', '--state-dir', folder, ...more], context);
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capmesh-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes one folder per part, readable by its owner only', async () => {
    await prepare('--nodes', '2');
    const seeds = ['control-plane/nats.nkey', 'node-1/nats.nkey', 'admin/events.nkey'];
    for (const file of ['nats/nats.conf', 'admin/admin.token', ...seeds]) {
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
    }
    const { authorization } = JSON.parse(read('nats', 'nats.conf'));
    assert.equal(authorization.users.length, 4);
    assert.doesNotMatch(read('nats', 'nats.conf'), /"S[A-Z2-7]{50,}"/);
  });

  it('keeps keys and token on the next run', async () => {
    await prepare();
    const before = [read('admin', 'admin.token'), read('node-1', 'nats.nkey'), read('nats', 'nats.conf')];
    await prepare();
    assert.deepEqual([read('admin', 'admin.token'), read('node-1', 'nats.nkey'), read('nats', 'nats.conf')], before);
  });

  it('tells each node where it is', async () => {
    await prepare('--nodes', '2', '--localities', 'eu/eu-a/rack-1');
    const localities = ['node-1', 'node-2'].map((node) => JSON.parse(read(node, 'bootstrap.json')).node.locality);
    assert.deepEqual(localities, [{ region: 'eu', zone: 'eu-a', sub_zone: 'rack-1' }, undefined]);
    assert.equal(await prepared('--nodes', '1', '--localities', 'eu,us'), 2, 'more places than nodes');
  });

  it('gives each node the collector of spans, and says in its metadata that there is one', async () => {
    await prepare('--trace-collector', 'otel:4317');
    const { node, static_resources: resources } = JSON.parse(read('node-1', 'bootstrap.json'));
    assert.equal(node.metadata.capmesh_traces, true);
    const cluster = resources.clusters.find(({ name }: { name: string }) => name === 'traces');
    const { address } = cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint;
    assert.deepEqual(address.socket_address, { address: 'otel', port_value: 4317 });
    await prepare();
    assert.equal(JSON.parse(read('node-1', 'bootstrap.json')).node.metadata.capmesh_traces, undefined);
  });

  it('writes the bootstrap that the Compose file starts Envoy with', async () => {
    const compose = parse(readFileSync(join(packageRoot(), 'deploy', 'docker-compose.yaml'), 'utf8'), { merge: true });
    const flags: string[] = compose.services.prepare.command
      .slice(1)
      .filter((flag: string) => !flag.includes('/state'));
    await prepare(...flags);
    const bootstrap = JSON.parse(read('node-1', 'bootstrap.json'));
    const address =
      bootstrap.static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address;
    assert.deepEqual(address.socket_address, { address: 'control-plane', port_value: 18000 });
    assert.deepEqual(bootstrap.admin.address.socket_address, { address: '0.0.0.0', port_value: 9901 });
    assert.equal(bootstrap.node.id, 'node-1');
    assert.ok(compose.services['ext-authz'].command.includes('--check=unix:/state/node-1/check.sock'));
    assert.ok(JSON.stringify(bootstrap).includes('/node-1/check.sock'));
  });
});
