import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServiceSecond } from '../../../core/simulation/second-meter.ts';
import {
  BEGIN_SEC,
  END_SEC,
  meansOf,
  NO_TRIGGER,
  OUTAGE,
  STORY_SEC,
  SURGE,
  type Trigger,
  tellStory,
  transcriptOf,
} from './retry-collapse.ts';

const STEP_SEC = 5;

/** What a trigger leaves behind: every five seconds from so many seconds after its end. */
function later(seconds: readonly ServiceSecond[], afterSec: number) {
  const steps = [];
  for (let sec = END_SEC + afterSec; sec < STORY_SEC; sec += STEP_SEC)
    steps.push(meansOf(seconds, sec, sec + STEP_SEC));
  return steps;
}

const titleOf = ({ name }: Trigger): string =>
  `${name} for ${END_SEC - BEGIN_SEC} s at 70 % load; callers give a call up after 1 s and try three times more`;

const textOf = (trigger: Trigger, without: readonly ServiceSecond[], withIt: readonly ServiceSecond[]): string =>
  [
    titleOf(trigger),
    'Calls per second; gates fit, gluing, uv, isolation: P pass, F fail, ? unknown; limit = calls in flight that the kernel would hold; < trigger',
    '',
    'Without Capmesh (the kernel watches, nothing is enforced)',
    ...transcriptOf(without),
    '',
    'With Capmesh',
    ...transcriptOf(withIt),
    '',
  ].join('\n');

describe('golden transcripts of a collapse by retries', function () {
  this.timeout(60_000);

  for (const trigger of [OUTAGE, SURGE]) {
    describe(trigger.name, () => {
      let without: readonly ServiceSecond[] = [];
      let withIt: readonly ServiceSecond[] = [];

      before(() => {
        without = tellStory(trigger, false);
        withIt = tellStory(trigger, true);
      });

      it('finds a mesh that answers everything', () => {
        for (const seconds of [without, withIt]) {
          const { offered, good, retries, refused } = meansOf(seconds, 20, BEGIN_SEC);
          assert.ok(
            good > 0.98 * offered && retries + refused < 0.01 * offered,
            `${good} of ${offered}/s, ${retries} retries`,
          );
        }
      });

      it('leaves it down without Capmesh: retries alone keep it there, for two minutes after the trigger', () => {
        for (const { offered, good, retries } of later(without, 0)) {
          assert.ok(good < 0.05 * offered, `${good} of ${offered}/s good`);
          assert.ok(retries > 2 * offered, `${retries} retries for ${offered} calls`);
        }
      });

      it('leaves it well with Capmesh: most calls good from 15 s after the trigger on, practically all from 45 s on', () => {
        for (const { offered, good } of later(withIt, 15))
          assert.ok(good > 0.75 * offered, `${good} of ${offered}/s good`);
        for (const { offered, good } of later(withIt, 45))
          assert.ok(good > 0.97 * offered, `${good} of ${offered}/s good`);
        const { offered, retries, refused } = meansOf(withIt, STORY_SEC - 60, STORY_SEC);
        assert.ok(retries + refused < 0.01 * offered, `${retries} retries, ${refused} refused`);
      });

      it('goes as it is written down (UPDATE_GOLDEN=1 rewrites it; the difference is to be read)', () => {
        const file = `tests/golden/simulation/${trigger.name}.txt`;
        const text = textOf(trigger, without, withIt);
        if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
        assert.equal(text, readFileSync(file, 'utf8'));
      });
    });
  }

  it('have a trigger for their cause: without one the same mesh stays well, without Capmesh too', () => {
    for (const { offered, good } of later(tellStory(NO_TRIGGER, false), 0)) {
      assert.ok(good > 0.95 * offered, `${good} of ${offered}/s good`);
    }
  });
});
