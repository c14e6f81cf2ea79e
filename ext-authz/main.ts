import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeLedger } from '../core/admission/edge-ledger.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { ListenAddress } from '../platform/listen-address.ts';
import type { Logger } from '../platform/logger.ts';
import { connectNats, type NatsOptions } from '../platform/nats-connection.ts';
import { loadMessageRules } from '../platform/validate-message.ts';
import { Authorizer } from './check/authorizer.ts';
import { CallJudge, type CallJudgeOptions } from './check/call-judge.ts';
import { startCheckServer } from './check/check-server.ts';
import { KeyRing } from './ledger/key-ring.ts';
import { OperationDoor } from './operations/operation-door.ts';
import { operationsService } from './operations/operations-service.ts';
import { serveOperations } from './operations/serve-operations.ts';
import { answerRefusalQueries } from './refusals/answer-refusal-queries.ts';
import { RefusalRing } from './refusals/refusal-ring.ts';
import { HostResources } from './reporter/host-resources.ts';
import { type FramePublisher, publisherOn } from './reporter/publish-frames.ts';
import { Reporter } from './reporter/reporter.ts';
import { settleCall } from './sinks/settle-calls.ts';
import { startSinks } from './sinks/sinks-server.ts';
import { SidecarState } from './state/sidecar-state.ts';
import { readStateFile } from './state/state-file.ts';
import { StateSaver } from './state/state-saver.ts';
import { watchStore } from './state/watch-store.ts';
import { createSidecarMetrics } from './status/sidecar-metrics.ts';
import { startStatusServer } from './status/status-server.ts';

export interface SidecarOptions {
  readonly mesh: string;
  readonly node: string;
  /** Where Envoy asks; default `<stateDir>/check.sock`. */
  readonly checkAddress?: ListenAddress | undefined;
  /** Where Envoy sends its statistics and operations are checked; default `<stateDir>/sinks.sock`. */
  readonly sinksAddress?: ListenAddress | undefined;
  /** Health and metrics; default 18081 on loopback, port 0 = any free one. */
  readonly httpPort?: number | undefined;
  /** Default 127.0.0.1. */
  readonly httpHost?: string | undefined;
  readonly nats: Pick<NatsOptions, 'servers' | 'nkeySeedFile' | 'tls'>;
  /** Holds the last state, so that a restart needs no store. */
  readonly stateDir: string;
  readonly clock?: Clock | undefined;
  readonly logger: Logger;
}

export interface Sidecar {
  readonly checkAddress: ListenAddress;
  readonly sinksAddress: ListenAddress;
  readonly httpPort: number;
  /** Whether calls are judged; before, they are refused with `mesh-degraded`. */
  isReady(): boolean;
  /** Answers what is in flight, then closes everything and saves the state. */
  stop(): Promise<void>;
}

const HTTP_PORT = 18_081;
const FORGET_EVERY_MS = 60_000;
/** How long what was reserved stays so beyond its time-out on an edge that is not called any more. */
const FREE_EVERY_MS = 1000;

/**
 * Starts the sidecar of one Envoy: checks, statistics, frames. Needs no store to
 * start; without the store and without an earlier state it is not ready. Rejects,
 * and leaves nothing open, where an address cannot be had.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const opened: Close[] = [];
  const stop = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    return { ...(await openSidecar(options, opened)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Close = () => Promise<void> | void;

/** Opens one part after the other; each adds to `opened` how it is closed. */
async function openSidecar(options: SidecarOptions, opened: Close[]): Promise<Omit<Sidecar, 'stop'>> {
  const { mesh, node, stateDir, logger, clock = systemClock, httpHost = '127.0.0.1', httpPort = HTTP_PORT } = options;
  loadMessageRules();
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const ledger = new EdgeLedger(clock.monotonicMs());
  const keys = new KeyRing();
  const { state, saver } = await openState(options, new SidecarState(ledger, keys, clock), opened);
  const instance = randomUUID();
  const refusals = new RefusalRing(instance, clock);
  const isReady = (): boolean => state.ready;
  const lastWordMs = (): number => state.lastWordMs;
  const noteRefusal: CallJudgeOptions['noteRefusal'] = (...refusal) => refusals.note(...refusal);
  const judge = new CallJudge({ mesh, ledger, keys, clock, lastWordMs, isReady, noteRefusal, logger });
  const authorizer = new Authorizer({ judge, node, instance, clock });
  const operations = new OperationDoor({ judge, node, instance, ledger, clock, isReady });
  const frames = publisherOn(`capmesh.v1.frames.${mesh}.${node}`);
  const sink = await startSinks({
    address: options.sinksAddress ?? { path: join(stateDir, 'sinks.sock') },
    onFlush: () => reporter.flush(),
    onCallEnd: (entry) => settleCall(entry, ledger, instance, clock.monotonicMs()),
    operations: operationsService(operations, logger),
    logger,
  });
  opened.push(() => sink.stop());
  const freeing = setInterval(() => ledger.freeTimedOut(clock.monotonicMs()), FREE_EVERY_MS);
  opened.push(() => clearInterval(freeing));
  const host = new HostResources();
  const sampleResources = () => host.sample();
  const stats = () => sink.stats;
  const { publish } = frames;
  const reporter = new Reporter({ mesh, node, instance, ledger, stats, clock, publish, sampleResources, logger });
  opened.push(() => reporter.stop());
  const { registry, observeCheck } = createSidecarMetrics(() => ({
    answers: judge.answers,
    uncounted: ledger.uncounted,
    tokens: judge.tokenCount,
    framesSent: reporter.sent,
    framesDropped: reporter.dropped,
    sinkMessages: sink.messageCount,
    leaseAgeSeconds: (clock.monotonicMs() - state.lastWordMs) / 1000,
    leaseSeq: ledger.leaseSeq,
    load: ledger.loadCounts,
    operations: ledger.operationEnds,
    overAdmissionMax: () => ledger.overAdmissionMax(),
    checkConnections: checks.sessionCount,
  }));
  const checks = await startCheckServer({
    address: options.checkAddress ?? { path: join(stateDir, 'check.sock') },
    answer: (message) => {
      const startMs = clock.monotonicMs();
      const frame = authorizer.answer(message);
      observeCheck((clock.monotonicMs() - startMs) / 1000);
      return frame;
    },
    logger,
  });
  opened.push(() => checks.stop());
  const status = await startStatusServer({ host: httpHost, port: httpPort, isReady, registry, logger });
  opened.push(() => status.stop());
  reporter.start();
  followStore(options, state, { saver, frames, operations, refusals }, opened);
  return { checkAddress: checks.address, sinksAddress: sink.address, httpPort: status.port, isReady };
}

/** Takes over what an earlier run saved, and saves what changes from now on. */
async function openState(
  { stateDir, logger }: SidecarOptions,
  state: SidecarState,
  opened: Close[],
): Promise<{ readonly state: SidecarState; readonly saver: StateSaver }> {
  const file = join(stateDir, 'sidecar-state.json');
  const saved = await readStateFile(file);
  if (saved !== null) state.restore(saved);
  const saver = new StateSaver(state, file, logger);
  const forgetting = setInterval(() => state.forgetExpired(), FORGET_EVERY_MS);
  opened.push(async () => {
    clearInterval(forgetting);
    await saver.stop();
  });
  return { state, saver };
}

/** What is done over the connection to the store. */
interface Followers {
  readonly saver: StateSaver;
  readonly frames: FramePublisher;
  readonly operations: OperationDoor;
  readonly refusals: RefusalRing;
}

/** Connects to the store in its own time and follows it until closed. */
function followStore(
  { mesh, node, nats, logger }: SidecarOptions,
  state: SidecarState,
  { saver, frames, operations: door, refusals }: Followers,
  opened: Close[],
): void {
  const abort = new AbortController();
  const { signal } = abort;
  const follow = async (): Promise<void> => {
    const connection = await connectNats({ ...nats, name: node, logger, signal });
    frames.follow(connection);
    answerRefusalQueries(connection, mesh, node, refusals, logger);
    serveOperations({ connection, mesh, node, door, logger });
    await watchStore({ connection, node, state, onChange: () => saver.changed(), logger, signal });
    await connection.close();
  };
  const followed = follow().catch((error: unknown) => {
    if (!signal.aborted) logger.error({ err: error }, 'the store cannot be used');
  });
  opened.push(async () => {
    abort.abort();
    await followed;
  });
}
