import { gateWord } from '../cli/output/gate-word.ts';
import type { Status } from '../proto/gen/capmesh/v1/admin_service.ts';
import type { StabilityAction } from '../proto/gen/capmesh/v1/events.ts';
import type { Chapter } from './story.ts';

/** What became of the gate that a chapter is about. */
export interface ChapterOutcome {
  readonly chapter: string;
  readonly gate: string;
  readonly service: string;
  /** From the start of the chapter, s; `null` = it did not fail. */
  readonly failedAfterSec: number | null;
  /** The edge or tenant that was named when it failed. */
  readonly worst: string;
  /** From the end of the chapter until it passed again, s; negative = before it. */
  readonly passedAfterSec: number | null;
  /** Kinds of the actions that the gate started in between. */
  readonly actions: readonly string[];
}

/** Follows the gate of one chapter from the start of the chapter until it passes again. */
export class ChapterRecord {
  private readonly chapter: Chapter & { readonly fails: NonNullable<Chapter['fails']> };
  private readonly startSec: number;
  private failedSec: number | null = null;
  private passedSec: number | null = null;
  private worst = '';
  private readonly actions = new Set<string>();

  constructor(chapter: Chapter & { readonly fails: NonNullable<Chapter['fails']> }, startSec: number) {
    this.chapter = chapter;
    this.startSec = startSec;
  }

  observe(status: Status, nowSec: number): void {
    if (this.isClosed) return;
    const { gate, service } = this.chapter.fails;
    const verdict = status.services.find((each) => each.service === service)?.gates?.[gate];
    const word = gateWord(verdict);
    if (word === 'FAIL') {
      this.failedSec ??= nowSec;
      this.passedSec = null;
      if (verdict !== undefined && verdict.worst !== '') this.worst ||= verdict.worst;
    } else if (word === 'PASS' && this.failedSec !== null) {
      this.passedSec = nowSec;
    } else {
      this.passedSec = null;
    }
  }

  /** Takes in an action as an event tells it. */
  act({ gate, kind, phase }: StabilityAction): void {
    if (gate === this.chapter.fails.gate && phase === 'started' && !this.isClosed) this.actions.add(kind);
  }

  /** The chapter is over and its gate has passed since: what comes later is another chapter's. */
  private get isClosed(): boolean {
    return this.passedSec !== null && this.passedSec >= this.startSec + this.chapter.seconds;
  }

  get outcome(): ChapterOutcome {
    const { name, seconds, fails } = this.chapter;
    const since = (sec: number | null, startSec: number): number | null =>
      sec === null ? null : Number((sec - startSec).toFixed(1));
    return {
      chapter: name,
      ...fails,
      failedAfterSec: since(this.failedSec, this.startSec),
      worst: this.worst,
      passedAfterSec: since(this.passedSec, this.startSec + seconds),
      actions: [...this.actions],
    };
  }
}
