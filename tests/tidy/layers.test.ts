import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';

interface Cruise {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

const ROOMS = ['core', 'envoy', 'control-plane', 'ext-authz', 'cli', 'platform', 'client', 'demo', 'bench'];

describe('tidy: walls between the rooms', function () {
  this.timeout(60_000);

  it('stand, and the check looks at files', () => {
    const { summary } = cruise(packageRoot());
    assert.ok(summary.totalCruised > 100, `looked at ${summary.totalCruised} files`);
    assert.deepEqual(
      summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`),
      [],
    );
  });

  it('turn red when somebody walks through one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'layers-'));
    try {
      writeProject(folder, {
        'core/impure.ts': "import 'node:fs';",
        'core/typed.ts': "import type { Thing } from '../platform/thing.ts'; export type A = Thing;",
        'platform/thing.ts': "import '../cli/main.ts'; export interface Thing {}",
        'envoy/reader.ts': "import 'node:fs';",
        'ext-authz/neighbour.ts': "import '../control-plane/state.ts';",
        'ext-authz/renderer.ts': "import '../envoy/reader.ts';",
        'control-plane/state.ts': "import './cycle.ts';",
        'control-plane/cycle.ts': "import './state.ts';",
        'client/helper.ts': "import '../cli/main.ts';",
        'envoy/asker.ts': "import '../client/helper.ts';",
        'cli/main.ts': "import '../control-plane/state.ts';",
      });
      const { summary } = cruise(folder);
      assert.deepEqual(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`).sort(), [
        'client/helper.ts: the-client-stands-alone',
        'control-plane/cycle.ts: no-cycles',
        'core/impure.ts: core-is-pure',
        'core/typed.ts: core-is-pure',
        'envoy/asker.ts: envoy-builders-are-pure',
        'envoy/asker.ts: no-part-of-the-mesh-is-a-client-of-it',
        'envoy/reader.ts: envoy-builders-are-pure',
        'ext-authz/neighbour.ts: rooms-do-not-reach-into-each-other',
        'ext-authz/renderer.ts: only-the-control-plane-builds-envoy-resources',
        'platform/thing.ts: platform-knows-no-room',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function cruise(folder: string): Cruise {
  const rooms = ROOMS.filter((room) => existsSync(join(folder, room)));
  const program = join(packageRoot(), 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...rooms];
  const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as Cruise;
}

/** A project of its own under our rules. */
function writeProject(folder: string, files: Readonly<Record<string, string>>): void {
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
    copyFileSync(join(packageRoot(), name), join(folder, name));
  }
  symlinkSync(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
