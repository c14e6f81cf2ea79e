import { takeLine } from '../../core/admission/line-allowance.ts';
import { writeTicket } from '../../core/admission/load-ticket.ts';
import { readEstimate } from '../../core/admission/read-load.ts';
import type { RefusalReason } from '../../core/admission/refusal-reason.ts';
import type { RefusalCause } from '../../core/refusals/refusal-record.ts';
import type { Clock } from '../../platform/clock.ts';
import type { CallJudge, CallQuery, Verdict } from './call-judge.ts';
import { CheckRequestReader } from './check-request.ts';
import { encodeAdmission, encodeRefusal } from './check-response.ts';

export interface AuthorizerOptions {
  readonly judge: CallJudge;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly node: string;
  /** This run of the sidecar: what calls reserve is known to it alone. */
  readonly instance: string;
}

const ADMISSIONS_MAX = 10_000;
const PRIOS = 10;
const REMEMBERED_LENGTH_MAX = 64;

/**
 * Envoy's checks: the whole of one but its sockets. `answer` takes an encoded
 * CheckRequest and gives the gRPC frame of the CheckResponse, without waiting for
 * anything; it is total, since an error towards Envoy could let the call pass.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #request = new CheckRequestReader();
  readonly #query: CallQuery = {
    token: '',
    service: '',
    priority: -1,
    retry: false,
    estimate: undefined,
    isOperation: false,
  };
  /** Encoded admissions by workload: one per priority, then as many with a line in the access log. */
  readonly #admissions = new Map<string, Buffer[]>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  answer(message: Buffer): Buffer {
    const { judge, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    try {
      return this.#encode(judge.judge(this.#read(message), nowMs), nowMs);
    } catch (error) {
      return this.#encode(judge.fail(error), nowMs);
    }
  }

  /** A message that is no check names no service. */
  #read(message: Buffer): CallQuery {
    const request = this.#request;
    const query = this.#query;
    query.service = request.read(message) ? request.service : '';
    query.token = request.token;
    query.priority = readPriority(request.priority);
    query.retry = Number(request.attempt) > 1;
    const saysLoad = request.cpu !== '' || request.memoryMb !== '';
    query.estimate = saysLoad ? readEstimate(request.cpu, request.memoryMb) : undefined;
    return query;
  }

  #encode(verdict: Verdict, nowMs: number): Buffer {
    const { edge, reason, prio, reservation } = verdict;
    const logged = takeLine(edge.lines, nowMs);
    if (reason !== null) return this.#refusal(verdict, reason, logged);
    const { workload, service } = edge;
    if (reservation === null) return this.#admission(workload, prio, logged);
    const { node, instance } = this.#options;
    const ticket = writeTicket({ node, instance, workload, service, id: reservation.id });
    return encodeAdmission(workload, prio, logged, ticket);
  }

  #refusal(verdict: Verdict, reason: RefusalReason, isLogged: boolean): Buffer {
    const { edge, exhaustion } = verdict;
    const cause = reason === 'estimate-invalid' ? this.#unreadableEstimate() : verdict.cause;
    const body = this.#options.judge.refusalBody(verdict, reason, cause);
    const grpcCaller = this.#request.contentType.startsWith('application/grpc');
    const logged = isLogged ? edge.workload : null;
    return encodeRefusal({ body, rateRps: exhaustion?.rateRps ?? 0, grpcCaller, logged });
  }

  /** Headers that are no estimate, as they were sent. */
  #unreadableEstimate(): RefusalCause {
    const { cpu, memoryMb } = this.#request;
    return { estimate: { cpu: shortened(cpu), memoryMb: shortened(memoryMb) } };
  }

  #admission(workload: string, prio: number, logged: boolean): Buffer {
    let frames = this.#admissions.get(workload);
    if (frames === undefined) {
      if (this.#admissions.size >= ADMISSIONS_MAX) this.#admissions.clear();
      frames = Array.from({ length: 2 * PRIOS }, (_, i) => encodeAdmission(workload, i % PRIOS, i >= PRIOS));
      this.#admissions.set(workload, frames);
    }
    return frames[logged ? PRIOS + prio : prio] ?? encodeAdmission(workload, prio, logged);
  }
}

/** A header as it is remembered: what callers send takes no room to speak of. */
const shortened = (text: string): string => (text.length <= REMEMBERED_LENGTH_MAX ? text : `${text.length} characters`);

/** Anything but one digit is passed over. */
const readPriority = (text: string): number => (text.length !== 1 || text < '0' || text > '9' ? -1 : Number(text));
