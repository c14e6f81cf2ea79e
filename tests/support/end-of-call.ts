import { HTTPAccessLogEntry } from '../../proto/gen/envoy/data/accesslog/v3/accesslog.ts';

/** What Envoy tells of a call that is over: the sidecar's ticket, and the cost that its answer told. */
export const endOfCall = (
  ticket: string,
  { cpu, memoryMb }: { readonly cpu?: number | string; readonly memoryMb?: number | string } = {},
): HTTPAccessLogEntry =>
  HTTPAccessLogEntry.fromPartial({
    commonProperties: { metadata: { filterMetadata: { 'envoy.filters.http.ext_authz': { load: ticket } } } },
    response: {
      responseHeaders: {
        ...(cpu !== undefined && { 'x-capacity-cost-cpu': String(cpu) }),
        ...(memoryMb !== undefined && { 'x-capacity-cost-memory-mb': String(memoryMb) }),
      },
    },
  });
