import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { after, before, describe, it } from 'mocha';
import { packageVersion } from '../../../platform/package-version.ts';
import { type ApiFixture, startApi } from '../../support/api-fixture.ts';
import { type ApiDescription, checkAnswer, descriptionAt } from '../../support/described-answers.ts';
import { servedRoutes } from '../../support/served-routes.ts';

describe('the description of the REST door', () => {
  let api: ApiFixture;
  let description: ApiDescription;
  before(async () => {
    api = await startApi();
    ({ description } = await descriptionAt(api.restUrl));
  });
  after(() => api?.stop());

  const operations = () =>
    Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
    );

  it('is served to everybody, in OpenAPI 3.1, with the version of the package', async () => {
    const answer = await api.rest('GET', '/openapi.json', { token: null });
    equal(answer.status, 200);
    match(answer.headers.get('content-type') ?? '', /^application\/json/);
    deepEqual([answer.body.openapi, answer.body.info.version], ['3.1.0', packageVersion()]);
  });

  it('is valid by the published meta-schema of OpenAPI 3.1, and what is not is refused', async () => {
    const validator = new Validator();
    const valid = await validator.validate(structuredClone(description) as unknown as Record<string, unknown>);
    deepEqual(valid, { valid: true });
    equal(validator.version, '3.1');
    const { info: _, ...without } = structuredClone(description) as unknown as Record<string, unknown>;
    equal((await new Validator().validate(without)).valid, false);
  });

  it('has every schema that it refers to, and no other', () => {
    const named = new Set(Object.keys(description.components.schemas));
    const used = new Set(
      [...JSON.stringify(description).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name),
    );
    deepEqual([...named].sort(), [...used].sort());
    for (const [name, schema] of Object.entries(description.components.schemas)) {
      ok((schema.properties ?? schema.anyOf) !== undefined, name);
    }
  });

  it('describes every route that is served, and serves every route that it describes', () => {
    const described = operations().map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
    deepEqual(servedRoutes(api.restServer).sort(), described.sort());
  });

  it('says of every operation what it is called, what it does and who may', () => {
    const ids = operations().map(({ operationId }) => operationId);
    equal(new Set(ids).size, ids.length);
    for (const { path, summary, tags, security, responses } of operations()) {
      ok(summary.length > 5 && tags.length === 1, path);
      ok(Object.keys(responses).length > 1, path);
      equal('401' in responses, security.length > 0, `${path} knows who may, or is for everybody`);
    }
  });

  it('asks for the credential that it names', async () => {
    for (const { method, path, security } of operations()) {
      if (path === '/v1/events') continue;
      const { status } = await api.rest(method, path.replaceAll(/\{\w+\}/g, 'x'), { token: null });
      // A token may be in the body instead.
      if (security.some((scheme) => Object.keys(scheme).length === 0)) continue;
      equal(status === 401, security.length > 0, `${method} ${path} answered ${status}`);
      if (security.length === 0) continue;
      const [[scheme]] = security.map(Object.keys) as [[string]];
      equal(scheme, path.startsWith('/v1/capacity') ? 'workload' : 'admin');
    }
  });

  it('is what the answers of these tests are held against: a field too many or too few is seen', async () => {
    const fine = { status: 200, headers: new Headers({ 'content-type': 'application/json' }) };
    await checkAnswer(api.restUrl, 'GET', '/healthz', { ...fine, body: { status: 'alive' } });
    for (const body of [{ status: 'alive', more: 1 }, {}, { status: 'dead' }]) {
      const seen = await checkAnswer(api.restUrl, 'GET', '/healthz', { ...fine, body }).catch((error) => error.message);
      match(String(seen), /^GET \/healthz with 200: /);
    }
    const undescribed = { ...fine, status: 204, body: {} };
    match(
      await checkAnswer(api.restUrl, 'GET', '/healthz', undescribed).then(String, (error) => error.message),
      /is not described/,
    );
  });
});
