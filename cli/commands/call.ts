import { request } from 'node:http';
import { Command } from 'commander';
import { cachedToken, freshToken } from '../capacity-token.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { type Refusal, refusalLines } from '../output/refusal-lines.ts';
import { parseAddress } from '../parse-options.ts';

const DEFAULT_ENVOY = '127.0.0.1:10000';
const TIMEOUT_MS = 30_000;
const BODY_BYTES_MAX = 1024 * 1024;

interface CallOptions {
  readonly envoy?: string;
  readonly method: string;
  readonly data?: string;
  readonly token: boolean;
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  readonly elapsedMs: number;
}

export function callCommand(context: CliContext): Command {
  return new Command('call')
    .description('call a service through Envoy as a workload, with a token that is fetched when needed')
    .argument('<workload>', 'who calls')
    .argument('<service>', 'what is called')
    .argument('[path]', 'path of the request', '/')
    .option('--envoy <host:port>', 'mesh listener; default: that of the running mesh', parseAddress)
    .option('-X, --method <method>', 'HTTP method', 'GET')
    .option('-d, --data <body>', 'body of the request')
    .option('--no-token', 'call without a token')
    .action(async (workload: string, service: string, path: string, _options, command: Command) => {
      const call = invocation<CallOptions>(context, command);
      const answer = await callThroughEnvoy(call, workload, service, path);
      const refusal = refusalOf(answer);
      const { status, headers, body, elapsedMs } = answer;
      await call.print(
        () => ({ status, elapsedMs, refusal, headers, body }),
        () =>
          refusal === null
            ? [`${status} from ${service} in ${elapsedMs.toFixed(1)} ms`, ...(body === '' ? [] : [body.trimEnd()])]
            : withStatus(status, refusalLines(refusal)),
      );
      if (status < 200 || status > 299) throw new CliError(EXIT.refused, '');
    });
}

/** A token refused as revoked or expired is fetched anew, once. */
async function callThroughEnvoy(
  call: Invocation<CallOptions>,
  workload: string,
  service: string,
  path: string,
): Promise<Answer> {
  if (!call.options.token) return send(call, service, path, {});
  const answer = await send(call, service, path, { 'x-capacity-token': await cachedToken(call, workload) });
  if (answer.status !== 401) return answer;
  return send(call, service, path, { 'x-capacity-token': await freshToken(call, workload) });
}

function send(
  { options, state, context }: Invocation<CallOptions>,
  service: string,
  path: string,
  headers: Record<string, string>,
): Promise<Answer> {
  const port = state.running()?.ports.nodes[0]?.mesh;
  const address = options.envoy ?? (port === undefined ? DEFAULT_ENVOY : `127.0.0.1:${port}`);
  const startMs = context.clock.monotonicMs();
  return new Promise((resolve, reject) => {
    const url = new URL(path.startsWith('/') ? path : `/${path}`, `http://${address}`);
    const outgoing = request(
      url,
      { method: options.method, headers: { ...headers, host: service }, timeout: TIMEOUT_MS, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (body.length < BODY_BYTES_MAX) body += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          const elapsedMs = context.clock.monotonicMs() - startMs;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, elapsedMs });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    outgoing.on('error', (error) =>
      reject(
        new CliError(
          EXIT.unreachable,
          `Envoy at ${address}: ${error.message}`,
          'Start a mesh with "capmesh up", or name a mesh listener with --envoy host:port.',
        ),
      ),
    );
    outgoing.end(options.data);
  });
}

/** What refused the call, when the mesh did; a service's own answer is `null`. */
function refusalOf(answer: Answer): Refusal | null {
  const reason = answer.headers['x-capacity-denied'];
  if (typeof reason !== 'string') return null;
  try {
    return { reason, ...(JSON.parse(answer.body) as Refusal) };
  } catch {
    return { reason };
  }
}

const withStatus = (status: number, [first, ...more]: readonly string[]): string[] => [`${status} ${first}`, ...more];
