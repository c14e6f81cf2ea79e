import { CONGESTION_LIMIT } from '../../core/gates/fit.ts';
import { LEVEL_LIMIT } from '../../core/gates/isolation-level.ts';
import { AMPLIFICATION_MAX } from '../../core/gates/uv.ts';
import { LAW } from '../../core/stability/overload-law.ts';
import { formatNumber } from '../output/format-number.ts';

const number = (value: number): string => formatNumber(Number(value.toPrecision(3)));
const percent = (share: number): string => `${number(100 * share)} %`;

/** Numbers behind a verdict, by name, as sentences (MATHS §B1–B4). Counts of samples and bounds say nothing to a reader. */
const WORDS: Readonly<Record<string, (value: number) => string>> = {
  u_drift: (u) =>
    `calls in flight are ${number(CONGESTION_LIMIT * u)} times what an empty queue would hold, ${CONGESTION_LIMIT} are allowed`,
  overload: (z) => `evidence of overload is ${number(z)}, holding begins at ${LAW.enter}`,
  u_err: (u) => `failures are ${number(u)} percentage points above what was learned, 1 is allowed`,
  fit_lat: (drift) => `answers take ${number(Math.exp(drift))} times what the model expects at this load`,
  fit_rate: (w) => `calls between services are ${percent(w)} off what their requests explain`,
  u_distribution: (u) => `nodes see latencies that differ by ${number(u)} times what chance explains`,
  u_counter: (u) => `calls sent and calls received differ by ${number(u)} times what chance explains`,
  u_config: (u) => `${number(u)} % of the traffic meets an outdated configuration, 1 % is allowed`,
  u_ledger: (u) => `what was spent and what the ledger says differ by ${number(u)} %, 1 % is allowed`,
  u_burst: (u) => `the largest burst let in was ${percent(u)} of the edge's burst`,
  retry_ratio: (share) => `${percent(share)} of the attempts are retries`,
  amplification: (rho) => `a call makes ${number(rho)} more of itself, ${AMPLIFICATION_MAX} are safe`,
  u_res: (u) => `the data cover 1/${number(u)} of the time that the gate needs`,
  isolation_level: (u) =>
    `latency is ${percent(Math.expm1(u * LEVEL_LIMIT))} above what the own load explains, ${percent(Math.expm1(LEVEL_LIMIT))} are allowed`,
  isolation: (share) => `${percent(share)} of the latency's variance follows another tenant's load`,
  predicted_rise: (rise) => `the other tenant's excess load predicts ${percent(rise)} more latency`,
  restoredAgeSec: (age) => `the verdict is from before a restart, on data ${number(age)} s old`,
};

/** Parts that are 0 contribute nothing; a resolution of 1 and less is enough. */
const says = (name: string, value: number): boolean => value > (name === 'u_res' ? 1 : 0);

/** The evidence of one verdict in words, in the order in which gates are explained. */
export const evidenceWords = (evidence: Readonly<Record<string, number>>): string[] =>
  Object.entries(WORDS).flatMap(([name, words]) => {
    const value = evidence[name];
    return value !== undefined && says(name, value) ? [words(value)] : [];
  });
