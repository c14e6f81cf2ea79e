import { createHash } from 'node:crypto';
import { KEY_LEAD_MS } from '../state/key-rotation.ts';
import type { RestDependencies } from './api-dependencies.ts';
import type { RestParameters } from './rest-parameters.ts';
import { messageAnswer, type RestRoute } from './rest-route.ts';

/** Half of the time from a key's publication to its first signature: nobody meets a key that its copy does not hold. */
const MAX_AGE_SECONDS = KEY_LEAD_MS / 2000;

const OPERATOR = { tag: 'keys', credential: 'admin' } as const;

/** Keys, for operators; `GET /.well-known/jwks.json` (RFC 7517), public keys alone, for everybody. */
export const keyRoutes = ({ admin, publicKeys }: Pick<RestDependencies, 'admin' | 'publicKeys'>): RestRoute[] => [
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    operationId: 'getPublicKeys',
    summary: 'What tokens are verified with, as a JSON Web Key Set (RFC 7517)',
    tag: 'keys',
    credential: 'none',
    parameters: { header: IF_NONE_MATCH },
    answers: {
      200: {
        kind: 'json',
        description: 'The public keys.',
        mediaType: 'application/jwk-set+json',
        schema: KEY_SET_SCHEMA,
        headers: CACHE_HEADERS,
      },
      304: { kind: 'nothing', description: 'As they were.', headers: CACHE_HEADERS },
    },
    handle: (call) => {
      const value = JSON.stringify({ keys: publicKeys().map(({ jwk }) => jwk) });
      const etag = `"${createHash('sha256').update(value).digest('base64url')}"`;
      const headers = { etag, 'cache-control': `public, max-age=${MAX_AGE_SECONDS}, must-revalidate` };
      return call.text('if-none-match') === etag ? { status: 304, headers } : { headers, value };
    },
  },
  {
    ...OPERATOR,
    method: 'GET',
    path: '/v1/keys',
    operationId: 'listKeys',
    summary: 'Public keys and what each is good for',
    answers: { 200: messageAnswer('The keys, oldest first.', 'capmesh.v1.KeyList') },
    handle: () => ({ value: admin.listKeys() }),
  },
  {
    ...OPERATOR,
    method: 'POST',
    path: '/v1/keys/rotate',
    operationId: 'rotateKey',
    summary: 'Make a new signing key; the one before stays good until its last token has ended',
    answers: { 200: messageAnswer('The keys, oldest first.', 'capmesh.v1.KeyList') },
    handle: async () => ({ value: await admin.rotateKey() }),
  },
];

const IF_NONE_MATCH: RestParameters = {
  'if-none-match': {
    schema: { type: 'string', description: 'ETag of the copy that the caller holds.' },
    absent: '',
    read: (text) => text,
  },
};

const CACHE_HEADERS = { etag: { type: 'string' }, 'cache-control': { type: 'string' } };

const KEY_SET_SCHEMA = {
  type: 'object',
  properties: {
    keys: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          kty: { const: 'OKP' },
          crv: { const: 'Ed25519' },
          x: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
          kid: { type: 'string', description: 'RFC 7638 thumbprint' },
          alg: { const: 'EdDSA' },
          use: { const: 'sig' },
        },
        required: ['kty', 'crv', 'x', 'kid', 'alg', 'use'],
      },
    },
  },
  required: ['keys'],
};
