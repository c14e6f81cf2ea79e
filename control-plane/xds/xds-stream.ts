import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Snapshot } from '../../envoy/snapshot.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Nack } from './nack.ts';
import type { NodeFacts } from './node-facts.ts';
import type { NodeRecord } from './node-record.ts';
import type { Wire, XdsReply } from './wire.ts';
import { type SessionPort, type SessionTimes, XdsSession } from './xds-session.ts';

export interface XdsStreamParts<Request, Response> {
  readonly call: ServerDuplexStream<Request, Response>;
  readonly wire: Wire<Request, Response>;
  readonly record: NodeRecord;
  readonly facts: NodeFacts;
  readonly clock: Clock;
  readonly times: SessionTimes;
  /** With the version that the node holds now. */
  readonly onSettled: (version: string) => void;
  readonly onNack: (nack: Nack) => void;
}

/** A node's open stream: its session, wired to the gRPC call and a timer. */
export interface XdsStream {
  readonly session: XdsSession;
  readonly record: NodeRecord;
  readonly facts: NodeFacts;
  /** Serves a snapshot from now on; a mistake on the way ends this stream only. */
  publish(snapshot: Snapshot): void;
  /** The call is over: stops the timer. */
  close(): void;
  /** Ends the call. */
  end(): void;
}

export function openXdsStream<Request, Response>(parts: XdsStreamParts<Request, Response>): XdsStream {
  const { call, wire } = parts;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    clearTimeout(timer);
  };
  const port: SessionPort = {
    write: (reply: XdsReply) => !isClosed && call.write(wire.render(reply)),
    wakeAfter: (ms) => {
      clearTimeout(timer);
      if (isClosed) return;
      timer = setTimeout(() => guarded(call, () => session.flush()), ms);
      timer.unref();
    },
    settled: parts.onSettled,
    nacked: parts.onNack,
    fail: (reason) => {
      close();
      endCall(call, status.RESOURCE_EXHAUSTED, reason);
    },
  };
  const session = new XdsSession(wire.mode, parts.record, port, parts.clock, parts.times);
  call.on('drain', () => guarded(call, () => session.drained()));
  return {
    session,
    record: parts.record,
    facts: parts.facts,
    publish: (snapshot) => guarded(call, () => session.publish(snapshot)),
    close,
    end: () => call.end(),
  };
}

/** A mistake in one stream ends that stream, never the process. */
export function guarded<Request, Response>(call: ServerDuplexStream<Request, Response>, step: () => void): void {
  try {
    step();
  } catch (error) {
    endCall(call, status.INTERNAL, error instanceof Error ? error.message : String(error));
  }
}

export function endCall<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  code: status,
  details: string,
): void {
  call.emit('error', Object.assign(new Error(details), { code, details }));
}
