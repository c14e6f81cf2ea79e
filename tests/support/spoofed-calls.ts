import { callThroughEnvoy, type EnvoyAnswer } from './call-through-envoy.ts';

/** Calls in which a client tries to pass as `victim` or as already checked, with its own token or without any. */
export function spoofedCalls(
  envoyUrl: string,
  service: string,
  victim: string,
  { token, calls }: { readonly token: string | null; readonly calls: number },
): Promise<EnvoyAnswer[]> {
  const spoofed: readonly Readonly<Record<string, string>>[] = [
    { 'x-capacity-workload': victim },
    { 'X-Capacity-Workload': victim, 'x-envoy-auth-failure-mode-allowed': 'true' },
    { 'x-envoy-auth-failure-mode-allowed': 'true' },
  ];
  const own: Record<string, string> = token === null ? {} : { 'x-capacity-token': token };
  return Promise.all(
    Array.from({ length: calls }, (_, index) =>
      callThroughEnvoy(envoyUrl, service, { ...spoofed[index % spoofed.length], ...own }),
    ),
  );
}
