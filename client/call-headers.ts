import { LOAD_MAX } from '../core/admission/read-load.ts';
import { type Problem, throwProblems } from '../core/problem.ts';

/** What a call may say of itself beside its token. */
export interface CallCapacity {
  /** What the workload calls it; told to the service, decides nothing. At most 128 printable characters. */
  readonly operation?: string | undefined;
  /** CPU-ms that it is thought to need; 0 … 10⁹. */
  readonly cpu?: number | undefined;
  /** MiB that it is thought to hold while it runs; 0 … 10⁹. */
  readonly memoryMb?: number | undefined;
  /** 0 … 9, the lowest is shed first; may only lower the priority of the token. */
  readonly priority?: number | undefined;
}

/** Where the headers of calls get their token; a `HeldCapacity` is one. */
export interface TokenSource {
  /** Rejects where there is none. */
  token(): Promise<string>;
  /** Told of a token that was refused with 401; answers the one to use instead, `null` where there is none. */
  replace(token: string): Promise<string | null>;
}

const PRIORITY_MAX = 9;
/** A thousandth of a CPU-ms or MiB is the finest estimate that is sent. */
const LOAD_DIGITS = 3;

/**
 * The headers of one call, lower case.
 *
 * @param attempt 1 = the first; only later ones are told
 */
export function capacityHeaders(token: string, call: CallCapacity, attempt: number): Record<string, string> {
  const { operation, cpu, memoryMb, priority } = call;
  return {
    'x-capacity-token': token,
    ...(operation !== undefined && { 'x-capacity-operation': operation }),
    ...(cpu !== undefined && { 'x-capacity-cpu': decimal(cpu) }),
    ...(memoryMb !== undefined && { 'x-capacity-memory-mb': decimal(memoryMb) }),
    ...(priority !== undefined && { 'x-capacity-priority': String(priority) }),
    ...(attempt > 1 && { 'x-capacity-attempt': String(attempt) }),
  };
}

/** Throws a RangeError that names everything that cannot be said in a header. */
export function checkCall({ operation, cpu, memoryMb, priority }: CallCapacity): void {
  const problems: Problem[] = [];
  if (operation !== undefined && !/^[ -~]{1,128}$/.test(operation)) {
    problems.push({ path: 'operation', message: 'must be 1 … 128 printable characters' });
  }
  for (const [path, load] of Object.entries({ cpu, memoryMb })) {
    if (load === undefined || (load >= 0 && load <= LOAD_MAX)) continue;
    problems.push({ path, message: `must be within 0 … ${LOAD_MAX} (got ${load})` });
  }
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= PRIORITY_MAX)) {
    problems.push({ path: 'priority', message: `must be a whole number, 0 … ${PRIORITY_MAX} (got ${priority})` });
  }
  throwProblems(problems);
}

const decimal = (load: number): string => load.toFixed(LOAD_DIGITS).replace(/\.?0+$/, '');
