/** A long-running part of the mesh within this process. */
export interface Service {
  stop(): Promise<void>;
}

/** Runs a service until the signal aborts (^C, SIGTERM). */
export async function runService(start: () => Promise<Service>, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const service = await start();
  if (!signal.aborted) await stopped;
  await service.stop();
}
