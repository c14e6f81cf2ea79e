import { statusOf } from '../../core/admission/refusal-reason.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import { CheckResponse } from '../../proto/gen/envoy/service/auth/v3/external_auth.ts';
import { brokenBytes, encodeCheck, encodeEntry, oddRequest } from './check-cases.ts';
import { Dice } from './dice.ts';
import { createSubject, SERVICE } from './subject.ts';
import { TokenCases } from './token-cases.ts';

export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** Called after every so many cases. */
  readonly onProgress?: (done: number) => void;
}

/** What came of it; everything but `allowed` and `reasons` has to be 0 or empty. */
export interface FuzzResult {
  readonly count: number;
  readonly seed: number;
  /** Calls that were let through and should not have been. */
  readonly admitted: number;
  /** Errors thrown, also those that were caught and answered as `internal`. */
  readonly crashes: number;
  /** Answers that are no CheckResponse, or whose reason and status do not belong together. */
  readonly malformed: number;
  /** Bent requests in which a good token and the service still stand whole. */
  readonly allowed: number;
  /** Refusals by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The first offender, base64. */
  readonly example: string | null;
}

export const PROGRESS_EVERY = 10_000;

/**
 * Sends cases to the code that judges calls, the same for the same seed but for
 * the keys. Half are tokens that must not be believed, in a request as Envoy
 * writes it or one with odd headers; the others are requests with bent bytes.
 * Those carry a good token as often as a bad one, and may pass only where a good
 * token and the service stand in them whole: a flipped bit may flip back.
 */
export function runFuzz({ count, seed, onProgress = () => {} }: FuzzOptions): FuzzResult {
  const dice = new Dice(seededRandom(seed));
  const { answer, material, caught } = createSubject();
  const tokens = new TokenCases(material, dice);
  const reasons: Record<string, number> = {};
  const found = { admitted: 0, thrown: 0, malformed: 0, allowed: 0 };
  let example: string | null = null;
  for (let done = 1; done <= count; done += 1) {
    const isBent = dice.chance(0.5);
    const isGood = isBent && dice.chance(0.5);
    const token = isGood ? dice.of(material.good) : tokens.next();
    const whole = dice.chance(0.5)
      ? encodeCheck(SERVICE, { 'x-capacity-token': token })
      : oddRequest(SERVICE, token, dice);
    const message = isBent ? brokenBytes(whole, dice) : whole;
    const verdict = judge(answer, message);
    if (verdict === 'admitted' && isBent && holdsBoth(message, material.good)) found.allowed += 1;
    else if (verdict === 'admitted' || verdict === 'thrown' || verdict === 'malformed') {
      found[verdict] += 1;
      example ??= message.toString('base64');
    } else reasons[verdict.reason] = (reasons[verdict.reason] ?? 0) + 1;
    if (done % PROGRESS_EVERY === 0) onProgress(done);
  }
  const { thrown, ...rest } = found;
  return { count, seed, ...rest, crashes: thrown + caught(), reasons, example };
}

type Verdict = 'admitted' | 'thrown' | 'malformed' | { readonly reason: string };

function judge(answer: (message: Buffer) => Buffer, message: Buffer): Verdict {
  let frame: Buffer;
  try {
    frame = answer(message);
  } catch {
    return 'thrown';
  }
  try {
    const { status, httpResponse } = CheckResponse.decode(frame.subarray(5));
    if (httpResponse?.$case === 'okResponse' || status?.code === 0) return 'admitted';
    if (httpResponse?.$case !== 'deniedResponse') return 'malformed';
    const { reason } = JSON.parse(httpResponse.value.body);
    return statusOf(reason).http === httpResponse.value.status?.code ? { reason } : 'malformed';
  } catch {
    return 'malformed';
  }
}

/** Whether a good token and the service still stand in the message, each in an entry of its own that is whole. */
const holdsBoth = (message: Buffer, good: readonly string[]): boolean =>
  good.some((token) => message.includes(encodeEntry('x-capacity-token', token))) &&
  message.includes(encodeEntry('service', SERVICE));
