import { GATE_NAMES, gateWord } from '../cli/output/gate-word.ts';
import type { EdgeStatus, Status } from '../proto/gen/capmesh/v1/admin_service.ts';
import type { StabilityAction } from '../proto/gen/capmesh/v1/events.ts';
import { type ChapterOutcome, ChapterRecord } from './chapter-record.ts';
import type { Chapter } from './story.ts';
import { type AnswerTotals, sumOf } from './traffic/answer-counts.ts';

export interface GateRecord {
  /** Verdict of the worst service at the end. */
  status: string;
  /** Different verdicts in the order they were first seen after each other, at most 20. */
  seen: string[];
  /** Services that failed the gate at some time. */
  failed: string[];
}

export interface ActionRecord {
  readonly id: string;
  readonly gate: string;
  readonly kind: string;
  readonly target: string;
  readonly size: number;
  /** started, changed or ended, as last heard. */
  readonly phase: string;
  readonly endCause: string;
}

export interface EdgeRecord {
  /** Calls, summed up from the rates of each second. */
  offered: number;
  admitted: number;
  refused: number;
  good: number;
  p99MsMax: number | null;
}

export interface DemoSummary {
  readonly requests: number;
  readonly ok: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly errorsByCause: Readonly<Record<string, number>>;
  readonly gates: Readonly<Record<string, GateRecord>>;
  readonly actions: readonly ActionRecord[];
  /** One for each chapter in which a gate should fail. */
  readonly chapters: readonly ChapterOutcome[];
  readonly edges: Readonly<Record<string, EdgeRecord>>;
}

const VERDICTS_KEPT = 20;
const ACTIONS_KEPT = 200;
const CHAPTERS_KEPT = 100;
/** Worst first. */
const SEVERITY = ['FAIL', 'UNKNOWN', 'PASS', 'N/A'];

/** What happened to gates, edges and actions during a run, in a bounded space. */
export class RunRecord {
  private readonly gates = new Map<string, GateRecord>();
  private readonly actions = new Map<string, ActionRecord>();
  private readonly edges = new Map<string, EdgeRecord>();
  private readonly chapters: ChapterRecord[] = [];

  /** A chapter begins, so many seconds into the run. */
  begin(chapter: Chapter, startSec: number): void {
    const { fails } = chapter;
    if (fails && this.chapters.length < CHAPTERS_KEPT)
      this.chapters.push(new ChapterRecord({ ...chapter, fails }, startSec));
  }

  /** Takes in the mesh's status, so many seconds into the run and `seconds` after the last one. */
  observe(status: Status, nowSec: number, seconds: number): void {
    for (const chapter of this.chapters) chapter.observe(status, nowSec);
    for (const name of GATE_NAMES) this.observeGate(name, status);
    for (const edge of status.edges) this.observeEdge(edge, seconds);
    for (const action of status.actions) this.act(action);
  }

  /** Takes in an action as an event tells it. */
  act(action: StabilityAction): void {
    const { id, gate, kind, target, size, phase, endCause } = action;
    for (const chapter of this.chapters) chapter.act(action);
    if (!this.actions.has(id) && this.actions.size >= ACTIONS_KEPT) return;
    const ended = this.actions.get(id)?.phase === 'ended';
    if (!ended) this.actions.set(id, { id, gate, kind, target, size, phase, endCause });
  }

  summary(traffic: AnswerTotals): DemoSummary {
    const unsent: Record<string, number> = traffic.overflow > 0 ? { unsent: traffic.overflow } : {};
    const errorsByCause = { ...traffic.errors, ...unsent };
    return {
      requests: traffic.offered,
      ok: traffic.ok,
      refused: traffic.refused,
      errors: sumOf(errorsByCause),
      errorsByCause,
      gates: Object.fromEntries(this.gates),
      actions: [...this.actions.values()],
      chapters: this.chapters.map(({ outcome }) => outcome),
      edges: Object.fromEntries([...this.edges].map(([name, edge]) => [name, rounded(edge)])),
    };
  }

  private observeGate(name: (typeof GATE_NAMES)[number], status: Status): void {
    const gate = this.gates.get(name) ?? { status: 'UNKNOWN', seen: [], failed: [] };
    this.gates.set(name, gate);
    const words = status.services.map(({ service, gates }) => ({ service, word: gateWord(gates?.[name]) }));
    gate.status = SEVERITY.find((word) => words.some((each) => each.word === word)) ?? 'UNKNOWN';
    if (gate.seen.at(-1) !== gate.status && gate.seen.length < VERDICTS_KEPT) gate.seen.push(gate.status);
    for (const { service, word } of words) {
      if (word === 'FAIL' && !gate.failed.includes(service)) gate.failed.push(service);
    }
  }

  private observeEdge(edge: EdgeStatus, seconds: number): void {
    const name = `${edge.workload}/${edge.service}`;
    const record = this.edges.get(name) ?? { offered: 0, admitted: 0, refused: 0, good: 0, p99MsMax: null };
    this.edges.set(name, record);
    record.offered += edge.offeredRps * seconds;
    record.admitted += edge.admittedRps * seconds;
    record.refused += sumOf(edge.refusedRps) * seconds;
    record.good += edge.goodputRps * seconds;
    if (edge.latencyP99Ms !== undefined) record.p99MsMax = Math.max(record.p99MsMax ?? 0, edge.latencyP99Ms);
  }
}

function rounded(edge: EdgeRecord): EdgeRecord {
  return {
    offered: Math.round(edge.offered),
    admitted: Math.round(edge.admitted),
    refused: Math.round(edge.refused),
    good: Math.round(edge.good),
    p99MsMax: edge.p99MsMax === null ? null : Math.round(edge.p99MsMax),
  };
}
