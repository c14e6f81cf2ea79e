import type { FastifyInstance } from 'fastify';

/**
 * Every route that the server serves, read from its router, as `GET /v1/services/{}`: its parameters without their
 * names, which paths that begin alike print as one. HEAD goes with GET.
 */
export function servedRoutes(server: FastifyInstance): string[] {
  const above: string[] = [];
  return server
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const match = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line);
      if (match === null) return [];
      const [, indent = '', part = '', methods = ''] = match;
      const depth = indent.length / 4;
      above.length = depth;
      above.push(part);
      const path = above.join('').replaceAll(/\/:[\w|:]+/g, '/{}');
      return methods.split(', ').flatMap((method) => (method === '' || method === 'HEAD' ? [] : [`${method} ${path}`]));
    });
}
