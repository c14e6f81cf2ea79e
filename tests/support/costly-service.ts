import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type ListeningServer, listen } from '../../demo/services/listen.ts';

/** A service that tells what its calls needed, and may hold them. */
export interface CostlyService extends ListeningServer {
  /** What answers tell; `null` = nothing. */
  cost: { readonly cpu?: string; readonly memoryMb?: string } | null;
  /** While set, calls wait for `release`. */
  holding: boolean;
  readonly held: () => number;
  release(): void;
  /** Headers of the newest call. */
  readonly newest: () => IncomingHttpHeaders | undefined;
}

export async function startCostlyService(): Promise<CostlyService> {
  const held: ServerResponse[] = [];
  let newest: IncomingHttpHeaders | undefined;
  const answer = (response: ServerResponse): void => {
    const { cpu, memoryMb } = service.cost ?? {};
    if (cpu !== undefined) response.setHeader('x-capacity-cost-cpu', cpu);
    if (memoryMb !== undefined) response.setHeader('x-capacity-cost-memory-mb', memoryMb);
    response.end('ok\n');
  };
  const server = await listen(0, (request, response) => {
    newest = request.headers;
    request.resume();
    if (service.holding) held.push(response);
    else answer(response);
  });
  const service: CostlyService = {
    ...server,
    cost: null,
    holding: false,
    held: () => held.length,
    release: () => {
      for (const response of held.splice(0)) answer(response);
    },
    newest: () => newest,
  };
  return service;
}
