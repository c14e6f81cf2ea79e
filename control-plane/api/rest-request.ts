import type { FastifyRequest } from 'fastify';
import { invalid } from './api-error.ts';

/** The body as JSON; an empty one is `{}`. Throws `invalid`. */
export function jsonBody(request: FastifyRequest): unknown {
  const text = typeof request.body === 'string' ? request.body : '';
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid([{ path: 'body', message: error instanceof Error ? error.message : 'is not JSON' }]);
  }
}

/** The revision in `If-Match`; 0 without one. Throws `invalid` for anything but one quoted number. */
export function ifMatchRevision(request: FastifyRequest): number {
  const value = request.headers['if-match'];
  if (value === undefined || value === '*') return 0;
  const match = /^"(\d{1,15})"$/.exec(value);
  if (match === null) throw invalid([{ path: 'if-match', message: 'must be one revision in quotes, as in ETag' }]);
  return Number(match[1]);
}

/** `?name`, `?name=true` and `?name=1` mean yes. Throws `invalid` for other values. */
export function flag(request: FastifyRequest, name: string): boolean {
  const value = (request.query as Record<string, unknown>)[name];
  if (value === undefined || value === 'false' || value === '0') return false;
  if (value === '' || value === 'true' || value === '1') return true;
  throw invalid([{ path: name, message: 'must be true or false' }]);
}

/** A parameter of the query as text; empty without one. */
export function text(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
