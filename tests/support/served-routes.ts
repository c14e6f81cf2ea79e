import type { FastifyInstance } from 'fastify';

/** Every route that the server serves, read from its router, as `GET /v1/services/{name}`; HEAD goes with GET. */
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
      const path = above.join('').replaceAll(/\/:(\w+)/g, '/{$1}');
      return methods.split(', ').flatMap((method) => (method === '' || method === 'HEAD' ? [] : [`${method} ${path}`]));
    });
}
