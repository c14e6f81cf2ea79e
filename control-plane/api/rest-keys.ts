import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageToJson } from '../../platform/message-json.ts';
import { KEY_LEAD_MS } from '../state/key-rotation.ts';
import type { RestDependencies } from './api-dependencies.ts';

/** Half of the time from a key's publication to its first signature: nobody meets a key that its copy does not hold. */
const MAX_AGE_SECONDS = KEY_LEAD_MS / 2000;

/** Keys, for operators; `GET /.well-known/jwks.json` (RFC 7517), public keys alone, for everybody. */
export function addKeyRoutes(server: FastifyInstance, { admin, authenticator, publicKeys }: RestDependencies): void {
  const onRequest = async (request: FastifyRequest): Promise<void> =>
    authenticator.requireAdmin(request.headers.authorization);

  server.get('/.well-known/jwks.json', async (request, reply) => {
    const body = JSON.stringify({ keys: publicKeys().map(({ jwk }) => jwk) });
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    reply.header('etag', etag).header('cache-control', `public, max-age=${MAX_AGE_SECONDS}, must-revalidate`);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/jwk-set+json').send(body);
  });
  server.get('/v1/keys', { onRequest }, async () => messageToJson('capmesh.v1.KeyList', admin.listKeys()));
  server.post('/v1/keys/rotate', { onRequest }, async () =>
    messageToJson('capmesh.v1.KeyList', await admin.rotateKey()),
  );
}
