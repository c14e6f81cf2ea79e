import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { commandPaths } from '../../../cli/completion/command-paths.ts';
import { buildProgram } from '../../../cli/program.ts';
import { REFUSAL_REASONS } from '../../../core/admission/refusal-reason.ts';
import { explainRefusal } from '../../../core/refusals/explain-refusal.ts';
import { figure } from '../../../core/refusals/refusal-explanation.ts';
import { systemClock } from '../../../platform/clock.ts';
import { REFUSAL_CASES, type RefusalCase } from './refusal-cases.ts';

/** Tests run from dist/, the text stays beside the sources. */
const FILE = 'tests/golden/refusals/sentences.txt';

const explained = ({ question, scene }: RefusalCase) => explainRefusal(question, scene);

describe('golden sentences on refusals', () => {
  it('cover every row of the table of refusals', () => {
    const covered = new Set(REFUSAL_CASES.map(({ question }) => question.reason));
    assert.deepEqual(
      REFUSAL_REASONS.filter((reason) => !covered.has(reason)),
      [],
    );
  });

  it('are as they are written down (UPDATE_GOLDEN=1 rewrites them; the difference is to be read)', () => {
    const text = REFUSAL_CASES.flatMap((each) => {
      const { sentence, limitedBy, limit, used, unit } = explained(each);
      const numbers =
        limit === null ? 'no number' : `${used === null ? 'not known' : figure(used)} of ${figure(limit)} ${unit}`;
      return [`${each.question.reason}: ${each.title}`, `  ${sentence}`, `  [${limitedBy}: ${numbers}]`, ''];
    }).join('\n');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, text);
    assert.equal(text, readFileSync(FILE, 'utf8'));
  });

  it('name the caller, the service and one command that there is', () => {
    const program = buildProgram({
      env: {},
      cwd: '.',
      clock: systemClock,
      signal: new AbortController().signal,
      input: () => '',
      out: () => undefined,
      err: () => undefined,
    });
    const known = new Set(commandPaths(program).map(({ words }) => words.join(' ')));
    for (const each of REFUSAL_CASES) {
      const { sentence, command } = explained(each);
      const [capmesh, ...words] = command.split(' ');
      assert.equal(capmesh, 'capmesh');
      assert.ok(known.has(words.slice(0, 2).join(' ')) || known.has(words[0] ?? ''), command);
      assert.equal(sentence.split('`capmesh ').length, 2, sentence);
      assert.ok(sentence.endsWith(` \`${command}\``), sentence);
      assert.ok(sentence.includes(each.question.service), sentence);
    }
  });
});
