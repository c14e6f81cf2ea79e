import type { FastifyRequest } from 'fastify';
import type { Problem } from '../../core/problem.ts';
import { invalid } from './api-error.ts';
import { readRestBody } from './read-rest-body.ts';
import { RestCall } from './rest-call.ts';
import { ParameterMistake, type ParameterValue, type RestParameters } from './rest-parameters.ts';
import type { RestRoute } from './rest-route.ts';

/** Everything that a route describes of its request, read. Throws `invalid` with every mistake in it. */
export function readRestCall(route: RestRoute, request: FastifyRequest): RestCall {
  const { path = {}, query = {}, header = {} } = route.parameters ?? {};
  const problems: Problem[] = [];
  const parameters = new Map([
    ...readParameters(path, request.params as Texts, problems),
    ...readParameters(query, request.query as Texts, problems),
    ...readParameters(header, request.headers, problems),
  ]);
  if (route.credential !== 'none') problems.push(...unknownParameters(query, request.query as Texts));
  const body = route.body && readRestBody(route.body, request, parameters);
  if (body !== undefined && !body.ok) problems.push(...body.problems);
  if (problems.length > 0) throw invalid(problems);
  return new RestCall(parameters, body?.ok ? body.value : undefined);
}

type Texts = Readonly<Record<string, string | readonly string[] | undefined>>;

function readParameters(described: RestParameters, given: Texts, problems: Problem[]): Map<string, ParameterValue> {
  const values = new Map<string, ParameterValue>();
  for (const [name, { absent, read }] of Object.entries(described)) {
    const text = given[name];
    values.set(name, absent);
    if (text === undefined) continue;
    try {
      if (typeof text !== 'string') throw new ParameterMistake('is given twice');
      values.set(name, read(text));
    } catch (error) {
      if (!(error instanceof ParameterMistake)) throw error;
      problems.push({ path: name, message: error.message });
    }
  }
  return values;
}

function unknownParameters(described: RestParameters, given: Texts): Problem[] {
  const known = Object.keys(described);
  const hint = known.length > 0 ? `; known are ${known.join(', ')}` : '';
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((path) => ({ path, message: `is not a parameter${hint}` }));
}
