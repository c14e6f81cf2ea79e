import { type Server, status } from '@grpc/grpc-js';
import {
  type HealthServer,
  HealthService,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../proto/gen/grpc/health/v1/health.ts';

/** How often a watcher's answer is looked at anew. */
const WATCH_INTERVAL_MS = 1000;

/** grpc.health.v1 for the whole server and for each of its services. Needs no credential. */
export function addHealthService(server: Server, services: readonly string[], isReady: () => boolean): void {
  const known: ReadonlySet<string> = new Set(['', ...services]);
  const stateOf = (service: string): Serving =>
    !known.has(service) ? Serving.SERVICE_UNKNOWN : isReady() ? Serving.SERVING : Serving.NOT_SERVING;
  const implementation: HealthServer = {
    check: (call, callback) => {
      const state = stateOf(call.request.service);
      if (state === Serving.SERVICE_UNKNOWN) callback({ code: status.NOT_FOUND, details: 'no such service' });
      else callback(null, { status: state });
    },
    watch: (call) => {
      let told: Serving | undefined;
      const tell = (): void => {
        const state = stateOf(call.request.service);
        if (state !== told) call.write({ status: state });
        told = state;
      };
      const timer = setInterval(tell, WATCH_INTERVAL_MS);
      timer.unref();
      for (const ending of ['cancelled', 'close', 'error']) call.on(ending, () => clearInterval(timer));
      tell();
    },
  };
  server.addService(HealthService, implementation);
}
