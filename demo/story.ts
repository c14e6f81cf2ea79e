import type { GateName } from '../core/gates/gate-state.ts';

/**
 * What payment can serve in the demo: 125 calls a second, which the mesh has to
 * find out. Four times as many still fit on two cores, at four hops a call.
 */
export const DEMO_PAYMENT = { workers: 4, serviceMs: 32 };
const PAYMENT_RPS = (DEMO_PAYMENT.workers / DEMO_PAYMENT.serviceMs) * 1000;
const CALM_RPS = 0.65 * PAYMENT_RPS;
const OVERLOAD_RPS = 4 * PAYMENT_RPS;
/** Calls of the tenant `reports` to inventory: always as many, and sometimes each ten times as heavy. */
const REPORTS_RPS = 33;
const HEAVY = 10;

/** What the demo does to its own parts in a chapter. */
export type Trouble =
  /** The process of payment is killed and comes back at the end of the chapter. */
  | 'payment-down'
  /** The second Envoy gets the processor for a part of the time only. */
  | 'node-starved';

export interface Chapter {
  readonly name: string;
  readonly seconds: number;
  /** Calls a second from the web to storefront. */
  readonly webRps: number;
  readonly reportsRps: number;
  /** How many ordinary calls each call of `reports` is worth. */
  readonly reportsWork: number;
  readonly trouble?: Trouble;
  /** The gate that fails for it, and at which service. */
  readonly fails?: { readonly gate: GateName; readonly service: string };
}

const fails = (gate: GateName, service: string): Pick<Chapter, 'fails'> => ({ fails: { gate, service } });

const CALM = { webRps: CALM_RPS, reportsRps: REPORTS_RPS, reportsWork: 1 };
const OVERLOAD = { ...CALM, name: 'payment overloaded', webRps: OVERLOAD_RPS, ...fails('fit', 'payment') };

/** Every gate needs half a minute of data before it says anything. */
const WHOLE_STORY: readonly Chapter[] = [
  { ...CALM, name: 'calm', seconds: 36 },
  { ...CALM, name: 'noisy tenant', seconds: 22, reportsWork: HEAVY, ...fails('isolation', 'inventory') },
  { ...CALM, name: 'calm after the noise', seconds: 5 },
  { ...CALM, name: 'starved node', seconds: 9, trouble: 'node-starved', ...fails('gluing', 'payment') },
  { ...CALM, name: 'calm after the starvation', seconds: 4 },
  { ...CALM, name: 'outage and retry storm', seconds: 3, trouble: 'payment-down', ...fails('uv', 'payment') },
  { ...CALM, name: 'calm after the outage', seconds: 14 },
  { ...OVERLOAD, seconds: 8 },
  { ...CALM, name: 'recovery', seconds: 19 },
];

const SHORT_STORY: readonly Chapter[] = [
  { ...CALM, name: 'calm', seconds: 24 },
  { ...OVERLOAD, seconds: 15 },
  { ...CALM, name: 'calm again', seconds: 21 },
];

const length = (chapters: readonly Chapter[]): number => chapters.reduce((sum, { seconds }) => sum + seconds, 0);

/**
 * The chapters of a run of `seconds`; `null` = one round of a run without end.
 * In less than two minutes only the overload is told.
 */
export function story(seconds: number | null): Chapter[] {
  const chapters = seconds === null || seconds >= length(WHOLE_STORY) ? WHOLE_STORY : SHORT_STORY;
  const scale = seconds === null ? 1 : seconds / length(chapters);
  return chapters.map((chapter) => ({ ...chapter, seconds: scale * chapter.seconds }));
}
