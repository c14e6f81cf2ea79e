import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { type Checkout, makeCheckout, type Running } from '../support/up-fixture.ts';

/** What each command of the first screen has to say, in its order. */
const PROMISES: readonly (readonly [command: RegExp, says: RegExp])[] = [
  [/^make up$|^npx capmesh up\b/, /^ready in /m],
  [/^npx capmesh init$/, /^wrote mesh\.yaml\n(.*\n)*enrolled checkout: .*\n(.*\n)*applied 1\/1 nodes, p99 \d+ ms/],
  [/^npx capmesh call checkout payment \/$/, /^200 from payment in .* ms\n\{"service":"payment"/],
  [/^npx capmesh budget set checkout payment --rps 120$/, /\b120\b(.*\n)+applied 1\/1 nodes, p99 \d+ ms/],
  [/^npx capmesh explain checkout payment$/, /\b120\b/],
];

describe('README: the commands of the first screen', function () {
  this.timeout(180_000);
  let checkout: Checkout;
  let up: Running;

  before(() => {
    const program = join(packageRoot(), 'node_modules', '.bin', 'capmesh');
    assert.ok(existsSync(program), 'npx would look for capmesh elsewhere: run "make setup" first');
    checkout = makeCheckout();
  });

  after(async () => {
    await up?.stop();
    checkout.remove();
  });

  const commands = readmeCommands();

  it('are the five that are promised', () => {
    assert.equal(commands.length, PROMISES.length, commands.join('\n'));
    for (const [index, [command]] of PROMISES.entries()) assert.match(commands[index] as string, command);
  });

  for (const [index, [, says]] of PROMISES.entries()) {
    const command = commands[index] ?? 'false';
    it(`do what they say: ${command}`, async () => {
      if (index === 0) {
        // What is tested is built: make shall not build it anew under the tests.
        up = await checkout.start(command.replace(/^make /, 'make --old-file=dist/.compiled '), says);
        return;
      }
      const { code, out, err } = await checkout.run(command);
      assert.equal(code, 0, out + err);
      assert.match(out, says);
    });
  }

  it('end with ^C', async () => {
    await up.stop();
    assert.equal(existsSync(join(checkout.folder, '.capmesh', 'up.json')), false);
  });
});

/** The commands of the first code block that starts a mesh, without their comments. */
function readmeCommands(): string[] {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```(?:sh|bash)\n(.*?)```/gs)].map(([, text]) => text as string);
  const block = blocks.find((text) => /\bup\b/.test(text)) ?? '';
  return block
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');
}
