import { type RefusalReason, statusOf } from '../../core/admission/refusal-reason.ts';
import { BackwardWriter } from './backward-writer.ts';

/** Body of a refusal (DESIGN §6). */
export interface RefusalBody {
  readonly reason: RefusalReason;
  readonly message: string;
  /** `<workload>/<service>`. */
  readonly edge: string;
  /** Whole calls left in the bucket that refused. */
  readonly remaining?: number;
  readonly retryAfterMs?: number;
  /** Names this one refusal in logs and questions. */
  readonly id: string;
}

/** A refusal and what its headers need beyond the body. */
export interface Refusal {
  readonly body: RefusalBody;
  /** Calls per second of the bucket that refused; 0 where none did. */
  readonly rateRps: number;
  /** The caller speaks gRPC and wants its status from a header. */
  readonly grpcCaller: boolean;
  /** Workload that the line of the access log names; `null` = no line. */
  readonly logged: string | null;
}

// Field numbers of envoy.service.auth.v3, envoy.config.core.v3, envoy.type.v3, google.rpc and google.protobuf.
const RESPONSE_STATUS = 1;
const RESPONSE_DENIED = 2;
const RESPONSE_OK = 3;
const RESPONSE_METADATA = 4;
const STRUCT_FIELDS = 1;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
const VALUE_STRING = 3;
const STATUS_CODE = 1;
const DENIED_HTTP_STATUS = 1;
const DENIED_HEADERS = 2;
const DENIED_BODY = 3;
const OK_HEADERS = 2;
const HTTP_STATUS_CODE = 1;
const OPTION_HEADER = 1;
const OPTION_APPEND_ACTION = 3;
const HEADER_KEY = 1;
const HEADER_VALUE = 2;
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

const RESPONSE_BYTES_MAX = 8192;
const writer = new BackwardWriter(RESPONSE_BYTES_MAX);

/** Keys of the dynamic metadata by which Envoy logs a call: a line for readers, or its end for the sidecar (`buildAccessLogs`). */
const LOGGED_WORKLOAD = 'log';
const LOAD_TICKET = 'load';

/**
 * gRPC frame of the answer that lets a call pass as `workload` at `prio`; both overwrite what the client sent.
 *
 * @param logged whether Envoy writes a line about it
 * @param ticket of what the call has reserved; `null` = nothing
 */
export function encodeAdmission(workload: string, prio: number, logged: boolean, ticket: string | null = null): Buffer {
  writer.reset();
  const metadata = writer.mark();
  if (logged) writeEntry(LOGGED_WORKLOAD, workload);
  if (ticket !== null) writeEntry(LOAD_TICKET, ticket);
  if (logged || ticket !== null) writer.closeMessage(RESPONSE_METADATA, metadata);
  const ok = writer.mark();
  writeHeader(OK_HEADERS, 'x-capacity-priority', String(prio));
  writeHeader(OK_HEADERS, 'x-capacity-workload', workload);
  writer.closeMessage(RESPONSE_OK, ok);
  writer.closeMessage(RESPONSE_STATUS, writer.mark());
  return writer.toFrame();
}

/** gRPC frame of a refusal: status, headers and body of DESIGN §6. */
export function encodeRefusal({ body, rateRps, grpcCaller, logged }: Refusal): Buffer {
  const status = statusOf(body.reason);
  writer.reset();
  if (logged !== null) {
    const metadata = writer.mark();
    writeEntry(LOGGED_WORKLOAD, logged);
    writer.closeMessage(RESPONSE_METADATA, metadata);
  }
  const denied = writer.mark();
  writer.text(DENIED_BODY, JSON.stringify(body));
  if (status.http === 429 || status.http === 503) writePause(body, rateRps);
  if (grpcCaller) writeHeader(DENIED_HEADERS, 'grpc-status', String(status.grpc));
  else writeHeader(DENIED_HEADERS, 'content-type', 'application/json');
  writeHeader(DENIED_HEADERS, 'x-capacity-denied', body.reason);
  const httpStatus = writer.mark();
  writer.uint(HTTP_STATUS_CODE, status.http);
  writer.closeMessage(DENIED_HTTP_STATUS, httpStatus);
  writer.closeMessage(RESPONSE_DENIED, denied);
  const rpcStatus = writer.mark();
  writer.uint(STATUS_CODE, status.grpc);
  writer.closeMessage(RESPONSE_STATUS, rpcStatus);
  return writer.toFrame();
}

function writeEntry(key: string, text: string): void {
  const mark = writer.mark();
  writer.text(VALUE_STRING, text);
  writer.closeMessage(ENTRY_VALUE, mark);
  writer.text(ENTRY_KEY, key);
  writer.closeMessage(STRUCT_FIELDS, mark);
}

/** `Retry-After` in whole seconds and the RateLimit fields of the IETF draft: a quota of `rateRps` a second. */
function writePause({ remaining = 0, retryAfterMs = 0 }: RefusalBody, rateRps: number): void {
  const pauseSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  writeHeader(DENIED_HEADERS, 'retry-after', String(pauseSeconds));
  writeHeader(DENIED_HEADERS, 'ratelimit', `"capacity";r=${remaining};t=${pauseSeconds}`);
  writeHeader(DENIED_HEADERS, 'ratelimit-policy', `"capacity";q=${Math.floor(rateRps)};w=1`);
}

function writeHeader(field: number, name: string, value: string): void {
  const option = writer.mark();
  writer.uint(OPTION_APPEND_ACTION, OVERWRITE_IF_EXISTS_OR_ADD);
  const header = writer.mark();
  writer.text(HEADER_VALUE, value);
  writer.text(HEADER_KEY, name);
  writer.closeMessage(OPTION_HEADER, header);
  writer.closeMessage(field, option);
}
