import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { ADMIN_TOKEN } from '../../support/api-fixture.ts';
import { descriptionAt, type Operation } from '../../support/described-answers.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { PlaneProcess } from '../../support/plane-process.ts';
import { runSchemathesis, type SchemathesisResult } from '../../support/schemathesis.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Another one by SCHEMATHESIS_SEED. */
const SEED = Number(process.env.SCHEMATHESIS_SEED ?? 20_261_126);
const EXAMPLES_MAX = Number(process.env.SCHEMATHESIS_EXAMPLES ?? 25);
/** Cases of an operation that takes parameters or a body, and of any other: with, without and with a wrong credential. */
const CASES_MIN = { ofInput: 20, ofNone: 3 };
/** All runs together. */
const LASTS_MAX_MS = 90_000;

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

/** The name that Schemathesis begins with: what is called so is there, and calls get past "not found". */
const FIRST = '0';
const SPARES = Array.from({ length: 20 }, (_, each) => `spare-${each}`);
const SERVICE = { endpoints: ['127.0.0.1:9101'], capacity: { rps: 400, concurrency: 24 } };
const MESH = {
  mesh: 'shop',
  services: Object.fromEntries([FIRST, ...SPARES].map((name) => [name, SERVICE])),
  workloads: Object.fromEntries([FIRST, ...SPARES].map((name) => [name, {}])),
  budgets: { [FIRST]: { [FIRST]: { int: 0.5, ptr: 0.5 } } },
};

/** Streams end where they end now. */
const settings = (token: string, grants: readonly string[]): string => `
headers = { Authorization = "Bearer ${token}" }
request-timeout = 5
generation = { database = "none" }

[dictionaries]
meshes = { values = ["shop"] }
first = { values = ["${FIRST}"] }
spares = { values = ${JSON.stringify(SPARES)} }
grants = { values = ${JSON.stringify(grants)} }

[parameters]
"body.mesh" = { dictionary = "meshes", probability = 0.8 }
"path.service" = { dictionary = "first", probability = 0.8 }
"path.workload" = { dictionary = "first", probability = 0.8 }
"body.service" = { dictionary = "first" }
"body.workload" = { dictionary = "first" }
"path.workloadId" = { dictionary = "first", probability = 0.8 }
"body.workloadId" = { dictionary = "first", probability = 0.8 }
"path.grantId" = { dictionary = "grants", probability = 0.5 }

[[operations]]
include-name-regex = "^DELETE /v1/(services|workloads)/"
parameters."path.name" = { dictionary = "spares", probability = 0.5 }

[[operations]]
include-path = "/v1/events"
parameters.storedOnly = "true"

[[operations]]
# No sidecar is here to ask.
include-path-regex = "^/v1/operations:"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 503]
`;

/** First what needs the secret of a workload, at last what may leave little of the mesh, and what may leave nothing. */
const CAPACITY = String.raw`\w+ /v1/capacity\b.*`;
const DELETIONS = 'DELETE /v1/(services|workloads)/.*';
const WHOLE_MESH = 'PUT /v1/mesh';

describe(`the REST door, tried by Schemathesis with what its description allows and forbids, seed ${SEED}`, () => {
  let nats: NatsFixture;
  let plane: PlaneProcess;
  const results: SchemathesisResult[] = [];
  let described: ReadonlyMap<string, Operation>;

  before(async function () {
    this.timeout(240_000);
    nats = await startNats('shop', []);
    plane = new PlaneProcess(nats, join(nats.folder, 'control-plane'));
    const url = `http://127.0.0.1:${(await plane.opened).restPort}`;
    await waitFor('the control plane', async () => (await fetch(`${url}/readyz`)).status === 200);
    const { secret, grants } = await prepare(url);
    const { description } = await descriptionAt(url);
    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, each]): [string, Operation] => [`${method.toUpperCase()} ${path}`, each]),
    );
    // Schemathesis does not call what it reads first.
    described = new Map(operations.filter(([operation]) => operation !== 'GET /openapi.json'));
    const endsMs = performance.now() + LASTS_MAX_MS;
    const run = async (token: string, ...filter: readonly string[]): Promise<void> => {
      const timeoutMs = Math.max(1, Math.ceil(endsMs - performance.now()));
      const about = { url: `${url}/openapi.json`, checks: CHECKS, examplesMax: EXAMPLES_MAX, seed: SEED, timeoutMs };
      results.push(await runSchemathesis({ ...about, settings: settings(token, grants), filter }));
    };
    await run(secret, '--include-name-regex', `^(${CAPACITY})$`);
    await run(ADMIN_TOKEN, '--exclude-name-regex', `^(${CAPACITY}|${DELETIONS}|${WHOLE_MESH})$`);
    await run(ADMIN_TOKEN, '--include-name-regex', `^(${DELETIONS})$`);
    await run(ADMIN_TOKEN, '--include-name-regex', `^(${WHOLE_MESH})$`);
  });
  after(async () => {
    await plane?.end('SIGTERM');
    await nats?.stop();
  });

  it('finds no server error, nothing that is not described, and no mistake that passes', () => {
    for (const { exitCode, log } of results) equal(exitCode, 0, log);
    equal(results.length, 4);
  });

  it('has tried every operation, and got through to most of them', () => {
    const cases = new Map(results.flatMap((result) => [...result.cases]));
    const statuses = (operation: string) => cases.get(operation) ?? new Map<number, number>();
    const count = (operation: string) => [...statuses(operation).values()].reduce((sum, each) => sum + each, 0);
    for (const [operation, { parameters, requestBody }] of described) {
      const least = parameters === undefined && requestBody === undefined ? CASES_MIN.ofNone : CASES_MIN.ofInput;
      ok(count(operation) >= least, `${operation} was tried ${count(operation)} times`);
    }
    const unreached = [...described.keys()].filter((operation) => !statuses(operation).has(200));
    const told = unreached.map((operation) => `${operation}: ${JSON.stringify([...statuses(operation)])}`);
    // No action runs on this mesh, and no sidecar.
    const expected = [
      'GET /v1/refusals/{refusalId}',
      'POST /v1/operations:check',
      'POST /v1/operations:settle',
      'DELETE /v1/actions/{id}',
    ];
    deepEqual(unreached.sort(), expected.sort(), told.join('\n'));
  });

  it('leaves a control plane that answers', async () => {
    equal(plane.child.exitCode, null);
    const { restPort } = await plane.opened;
    equal((await fetch(`http://127.0.0.1:${restPort}/readyz`)).status, 200);
  });
});

/** A mesh, and grants that can be renewed, given back and revoked. */
async function prepare(url: string): Promise<{ readonly secret: string; readonly grants: readonly string[] }> {
  const call = async (method: string, path: string, token: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    equal(answer.status, 200, path);
    return (await answer.json()) as Record<string, string>;
  };
  await call('PUT', '/v1/mesh', ADMIN_TOKEN, MESH);
  const { secret = '' } = await call('POST', `/v1/workloads/${FIRST}/enrol`, ADMIN_TOKEN, {});
  const grants = [];
  for (let each = 0; each < 40; each += 1) {
    const { grantId = '' } = await call('POST', '/v1/capacity', secret, { workloadId: FIRST, duration: '3600s' });
    grants.push(grantId);
  }
  return { secret, grants };
}
