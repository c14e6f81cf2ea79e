import type { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import { readTicket } from '../../core/admission/load-ticket.ts';
import { readLoad } from '../../core/admission/read-load.ts';
import type { HTTPAccessLogEntry } from '../../proto/gen/envoy/data/accesslog/v3/accesslog.ts';

/** Where ext_authz keeps what the answer to a check says besides the verdict. */
const CHECK_METADATA = 'envoy.filters.http.ext_authz';
const TICKET_KEY = 'load';
const COST_CPU = 'x-capacity-cost-cpu';
const COST_MEMORY = 'x-capacity-cost-memory-mb';

/**
 * Settles the reservation of a call that is over: by the cost that its answer
 * told, else as estimated. A cost that is no load counts as not told.
 *
 * @param instance this run of the sidecar
 */
export function settleCall(entry: HTTPAccessLogEntry, ledger: EdgeLedger, instance: string, nowMs: number): void {
  const text: unknown = entry.commonProperties?.metadata?.filterMetadata[CHECK_METADATA]?.[TICKET_KEY];
  const ticket = typeof text === 'string' ? readTicket(text) : null;
  if (ticket?.instance !== instance) {
    ledger.loadCounts.unknown += 1;
    return;
  }
  const headers = entry.response?.responseHeaders ?? {};
  const cost = (name: string): number | undefined => readLoad(headers[name] ?? '') ?? undefined;
  const needed = { cpu: cost(COST_CPU), memoryMb: cost(COST_MEMORY) };
  ledger.settleLoad(ticket.workload, ticket.service, ticket.id, needed, nowMs);
}
