import { request } from 'node:http';

export interface EnvoyAnswer {
  readonly status: number;
  readonly denied: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One call to a service on a connection of its own. */
export function callThroughEnvoy(
  envoyUrl: string,
  service: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EnvoyAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(envoyUrl, { agent: false, headers: { host: service, ...headers } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          denied: (answer.headers['x-capacity-denied'] as string | undefined) ?? null,
          headers: answer.headers,
          body,
        }),
      );
    });
    call.on('error', reject);
    call.end();
  });
}
