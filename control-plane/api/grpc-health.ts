import { type Server, status } from '@grpc/grpc-js';
import {
  type HealthServer,
  HealthService,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../proto/gen/grpc/health/v1/health.ts';

const SERVICES: ReadonlySet<string> = new Set(['', 'capmesh.v1.Admin', 'capmesh.v1.Capacity']);
/** How often a watcher's answer is looked at anew. */
const WATCH_INTERVAL_MS = 1000;

/** grpc.health.v1 for the whole server and for each of its services. Needs no credential. */
export function addHealthService(server: Server, isReady: () => boolean): void {
  const stateOf = (service: string): Serving =>
    !SERVICES.has(service) ? Serving.SERVICE_UNKNOWN : isReady() ? Serving.SERVING : Serving.NOT_SERVING;
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
