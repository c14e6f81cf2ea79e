import { Agent, type IncomingMessage, request as openRequest } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fetch } from './capacity-fetch.ts';

const NO_BODY = new Set([204, 205, 304]);
/** Calls at the same time; more wait for a connection. */
const CONNECTIONS_MAX = 1024;

/**
 * `fetch` through one Envoy: the host of a URL names the service, whatever DNS
 * says, and the connection goes to Envoy. For places where no service name leads
 * to the mesh; the built-in `fetch` cannot set `Host` itself. Redirects are not
 * followed.
 *
 * @param envoy `host:port` of a mesh listener
 */
export function meshFetch(envoy: string): Fetch {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  const { hostname, port } = new URL(`http://${envoy}`);
  return async (input, init) => {
    const call = new Request(input, init);
    const { protocol, host, pathname, search } = new URL(call.url);
    if (protocol !== 'http:') throw new TypeError(`${call.url}: calls to the mesh begin with http:`);
    const { method, signal } = call;
    const headers = { ...Object.fromEntries(call.headers), host };
    const path = `${pathname}${search}`;
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = openRequest({ agent, hostname, port, method, path, headers, signal }, resolve);
        outgoing.on('error', reject);
        if (call.body === null) outgoing.end();
        else pipeline(Readable.fromWeb(call.body), outgoing).catch(reject);
      });
      return toResponse(answer);
    } catch (error) {
      signal.throwIfAborted();
      throw new TypeError(`no answer of Envoy at ${envoy}: ${(error as Error).message}`, { cause: error });
    }
  };
}

function toResponse(answer: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer;
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  if (!NO_BODY.has(status))
    return new Response(Readable.toWeb(answer) as ReadableStream, { status, statusText, headers });
  answer.resume();
  return new Response(null, { status, statusText, headers });
}
