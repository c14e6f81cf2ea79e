import { isSilent } from '../allocators/lease-book.ts';
import { stepOverload, watchOverload } from '../stability/overload-controller.ts';
import { LAW } from '../stability/overload-law.ts';
import { copyDelta, type EdgeDelta, emptyDelta } from '../substrate/edge-delta.ts';
import { LATENCY_BUCKET_COUNT, latencyQuantileMs } from '../substrate/latency-buckets.ts';
import type { Gathered } from './gather.ts';
import { observeTenants } from './observe-tenants.ts';
import type { ServiceState, ServiceTick } from './service-state.ts';
import { followShareBoost } from './share-boost.ts';

const NOTHING: EdgeDelta = emptyDelta();

/**
 * Enters what was gathered into the windows of a service and steps its overload
 * controller. Returns whether this tick is fully known; where it is not the
 * controller takes no step (CONTROL, "Failure rows").
 *
 * @param enforced what the overload controller decides reaches the plan
 */
export function observeService(service: ServiceState, gathered: Gathered, nowMs: number, enforced: boolean): boolean {
  if (isSilent(service.lastDataMs, nowMs)) service.observedSec = 0;
  if (gathered.durationSec === 0) return false;
  const isWhole = gathered.missingEdges.size === 0;
  for (const edge of service.edges.all) {
    const delta = edge.arrived ?? NOTHING;
    edge.arrived = null;
    if (!isWhole && gathered.missingEdges.has(edge.key)) {
      // What it shows from now on is older than the node keeps.
      edge.newest &&= copyDelta(edge.newest);
      continue;
    }
    edge.window.push(gathered.durationSec, delta);
    edge.newest = delta;
    edge.newestSec = gathered.durationSec;
  }
  const known = !gathered.missingServices.has(service.service);
  observeTenants(service, gathered.durationSec, known);
  if (!known) return false;
  service.observedSec += gathered.durationSec;
  service.lastDataMs = nowMs;
  const tick = serviceTick(service, gathered);
  service.newest = tick;
  const limit = service.controller.limit;
  const stepController = enforced ? stepOverload : watchOverload;
  service.controller = stepController(service.controller, {
    durationSec: tick.durationSec,
    offered: tick.attempts + tick.breakerRefused + tick.shed,
    refused: tick.breakerRefused + tick.shed,
    answers: tick.answers,
    latencySumSec: tick.latencySumSec,
    timeouts: tick.timeouts,
    inFlight: tick.inFlight,
    p10Sec: service.controller.answersSeen < LAW.coldAnswers ? p10Sec(service) : 0,
  });
  followShareBoost(service, limit);
  return true;
}

/** Budget refusals are no evidence of overload: what reaches the breaker counts, and what was shed so that it does not. */
function serviceTick(service: ServiceState, gathered: Gathered): ServiceTick {
  const { durationSec } = gathered;
  let [attempts, breakerRefused, shed, answers, latencySumSec, timeouts, inFlight] = [0, 0, 0, 0, 0, 0, 0];
  for (const { newest: delta, window } of service.edges.all) {
    if (delta === null || delta === NOTHING) continue;
    attempts += delta.attempts;
    breakerRefused += delta.breakerRefused;
    shed += delta.refused['shed-priority'] ?? 0;
    answers += window.newest.count;
    latencySumSec += delta.latencySumMs / 1000;
    timeouts += delta.timeouts;
    inFlight += delta.inFlight;
  }
  return { durationSec, attempts, breakerRefused, shed, answers, latencySumSec, timeouts, inFlight };
}

function p10Sec(service: ServiceState): number {
  const buckets = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  for (const { newest } of service.edges.all) {
    newest?.latencyBuckets.forEach((count, k) => {
      buckets[k] = (buckets[k] ?? 0) + count;
    });
  }
  return (latencyQuantileMs(buckets, 0.1) ?? 0) / 1000;
}
