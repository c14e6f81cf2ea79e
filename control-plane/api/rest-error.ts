import type { FastifyReply } from 'fastify';
import type { JsonSchema } from '../../platform/message-schema.ts';
import { ApiError, type ApiErrorCode } from './api-error.ts';

/** How REST says a refusal. */
interface ToldAs {
  readonly status: number;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const SOON = { 'retry-after': '1' };

export const REFUSALS: Readonly<Record<ApiErrorCode, ToldAs>> = {
  invalid: { status: 400, description: 'The request has mistakes, each with the path of its field.' },
  unauthenticated: {
    status: 401,
    description: 'The credential is missing or wrong.',
    headers: { 'www-authenticate': 'Bearer realm="capmesh"' },
  },
  forbidden: { status: 403, description: 'The token is not entitled to it.' },
  'not-found': { status: 404, description: 'There is no such object.' },
  'method-not-allowed': { status: 405, description: 'The path has other methods.' },
  conflict: { status: 409, description: 'Somebody else was faster.' },
  gone: { status: 410, description: 'Events after the one that is named are not kept any more.' },
  'too-large': { status: 413, description: 'The body is too large.' },
  'unsupported-media-type': { status: 415, description: 'The body is of a kind that is not read here.' },
  busy: { status: 429, description: 'Too much at once; nothing was done.', headers: SOON },
  unavailable: {
    status: 503,
    description: 'The store cannot be reached; whether a change was stored is not known.',
    headers: SOON,
  },
};

const INTERNAL = { code: 'internal', message: 'the control plane failed; its log says more', problems: [] };

/** The body of every refusal. */
export const ERROR_SCHEMA: JsonSchema = {
  description: 'Why a request was refused.',
  type: 'object',
  properties: {
    code: { type: 'string', enum: [...Object.keys(REFUSALS), INTERNAL.code] },
    message: { type: 'string', description: 'Everything that is wrong, one mistake a line.' },
    problems: {
      description: 'The mistakes of an invalid request.',
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'The field or parameter, as in the request: vector.cInt.' },
          message: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['code', 'message', 'problems'],
};

/** Answers with a refusal; `null` = our own failure, which is not explained. */
export function sendError(reply: FastifyReply, error: ApiError | null): void {
  if (error === null) {
    reply.code(500).send(INTERNAL);
    return;
  }
  const { status, headers = {} } = REFUSALS[error.code];
  const { code, message, problems } = error;
  reply.code(status).headers(headers).send({ code, message, problems });
}

/** The HTTP server's own refusals, of a body that is too large or a broken URL, in our terms; else `null`. */
export function fromHttpServer(error: unknown): ApiError | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null;
  const status = Number(error.statusCode);
  if (status < 400 || status >= 500) return null;
  const [path, code]: [string, ApiErrorCode] =
    status === 413
      ? ['body', 'too-large']
      : status === 415
        ? ['content-type', 'unsupported-media-type']
        : 'code' in error && error.code === 'FST_ERR_BAD_URL'
          ? ['url', 'invalid']
          : ['body', 'invalid'];
  return new ApiError(code, `${path}: ${error.message}`, [{ path, message: error.message }]);
}
