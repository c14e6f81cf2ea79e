import { equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { ADMIN_TOKEN } from '../../support/api-fixture.ts';
import { descriptionAt } from '../../support/described-answers.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { PlaneProcess } from '../../support/plane-process.ts';
import { runSchemathesis, type SchemathesisResult } from '../../support/schemathesis.ts';
import { waitFor } from '../../support/wait-for.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

/** Another one by SCHEMATHESIS_SEED. */
const SEED = Number(process.env.SCHEMATHESIS_SEED ?? 20_261_126);
const EXAMPLES_MAX = Number(process.env.SCHEMATHESIS_EXAMPLES ?? 25);
/** Of every operation, whatever its schema: without and with a wrong credential, well and badly asked. */
const CASES_MIN = 3;
const timeoutMs = 60_000;

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
  'negative_data_rejection',
  'ignored_auth',
  'unsupported_method',
];

/** Names that are there are asked for often, so that calls get past "not found"; streams end where they end now. */
const settings = (token: string, grants: readonly string[]): string => `
headers = { Authorization = "Bearer ${token}" }
request-timeout = 5
generation = { database = "none" }

[dictionaries]
meshes = { values = ["shop"] }
services = { values = ["payment", "inventory"] }
workloads = { values = ["checkout", "batch"] }
checkout = { values = ["checkout"] }
grants = { values = ${JSON.stringify(grants)} }

[parameters]
"body.mesh" = { dictionary = "meshes", probability = 0.8 }
"path.service" = { dictionary = "services", probability = 0.5 }
"path.workload" = { dictionary = "workloads", probability = 0.5 }
"path.workloadId" = { dictionary = "checkout", probability = 0.8 }
"body.workloadId" = { dictionary = "checkout", probability = 0.8 }
"path.grantId" = { dictionary = "grants", probability = 0.5 }

[[operations]]
include-path = "/v1/events"
parameters.storedOnly = "true"
`;

/** First what needs the secret of a workload, at last what may leave nothing of the mesh. */
const CAPACITY = '^/v1/capacity';
const WHOLE_OBJECTS = '^(PUT /v1/mesh|DELETE /v1/(services|workloads)/.*)$';

describe(`the REST door, tried by Schemathesis with what its description allows and forbids, seed ${SEED}`, () => {
  let nats: NatsFixture;
  let plane: PlaneProcess;
  const results: SchemathesisResult[] = [];
  let described: readonly string[];

  before(async function () {
    this.timeout(240_000);
    nats = await startNats('shop', []);
    plane = new PlaneProcess(nats, join(nats.folder, 'control-plane'));
    const url = `http://127.0.0.1:${(await plane.opened).restPort}`;
    await waitFor('the control plane', async () => (await fetch(`${url}/readyz`)).status === 200);
    const { secret, grants } = await prepare(url);
    const { description } = await descriptionAt(url);
    described = Object.entries(description.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .filter((operation) => operation !== 'GET /openapi.json');
    const run = async (token: string, ...filter: readonly string[]): Promise<void> => {
      const about = { url: `${url}/openapi.json`, checks: CHECKS, examplesMax: EXAMPLES_MAX, seed: SEED, timeoutMs };
      results.push(await runSchemathesis({ ...about, settings: settings(token, grants), filter }));
    };
    await run(secret, '--include-path-regex', CAPACITY);
    await run(ADMIN_TOKEN, '--exclude-path-regex', CAPACITY, '--exclude-name-regex', WHOLE_OBJECTS);
    await run(ADMIN_TOKEN, '--include-name-regex', WHOLE_OBJECTS);
  });
  after(async () => {
    await plane?.end('SIGTERM');
    await nats?.stop();
  });

  it('finds no server error, nothing that is not described, and no mistake that passes', () => {
    for (const { exitCode, log } of results) equal(exitCode, 0, log);
    equal(results.length, 3);
  });

  it('has tried every operation, and got through to most of them', () => {
    const cases = new Map(results.flatMap((result) => [...result.cases]));
    const statuses = (operation: string) => cases.get(operation) ?? new Map<number, number>();
    const count = (operation: string) => [...statuses(operation).values()].reduce((sum, each) => sum + each, 0);

    for (const operation of described) {
      ok(count(operation) >= CASES_MIN, `${operation} was tried ${count(operation)} times`);
    }
    const unreached = described.filter((operation) => !statuses(operation).has(200));
    equal(unreached.join(), 'DELETE /v1/actions/{id}', 'no action runs on this mesh');
  });

  it('leaves a control plane that answers', async () => {
    equal(plane.child.exitCode, null);
    const { restPort } = await plane.opened;
    equal((await fetch(`http://127.0.0.1:${restPort}/readyz`)).status, 200);
  });
});

/** The worked example, and grants that can be renewed, given back and revoked. */
async function prepare(url: string): Promise<{ readonly secret: string; readonly grants: readonly string[] }> {
  const call = async (method: string, path: string, token: string, type: string, body?: string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    const answer = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    equal(answer.status, 200, path);
    return (await answer.json()) as Record<string, string>;
  };
  await call('PUT', '/v1/mesh', ADMIN_TOKEN, 'application/yaml', WORKED_EXAMPLE);
  const { secret = '' } = await call('POST', '/v1/workloads/checkout/enrol', ADMIN_TOKEN, 'application/json');
  const grants = [];
  for (let each = 0; each < 40; each += 1) {
    const body = JSON.stringify({ workloadId: 'checkout', capacityVector: { cInt: 0.01 } });
    grants.push((await call('POST', '/v1/capacity', secret, 'application/json', body)).grantId ?? '');
  }
  return { secret, grants };
}
