import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../platform/package-root.ts';
import { until } from '../../../platform/readiness.ts';
import { type ChildSpec, Supervisor, type SupervisorReport } from '../../../platform/supervisor.ts';

describe('Supervisor', () => {
  let folder: string;
  let supervisor: Supervisor;
  let reports: SupervisorReport[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'supervisor-'));
    reports = [];
    supervisor = new Supervisor({
      report: (report) => reports.push(report),
      readyTimeoutMs: 5_000,
      stopTimeoutMs: 300,
      restartMinMs: 5,
      logBytesMax: 1_000,
      logCheckMs: 5,
    });
  });

  afterEach(async () => {
    await supervisor.stop();
    rmSync(folder, { recursive: true });
  });

  /** A shell script that is ready once it has written `<name>.pid`. */
  function shell(name: string, script: string): ChildSpec {
    const pidFile = join(folder, `${name}.pid`);
    return {
      name,
      command: '/bin/sh',
      args: ['-c', `echo $$ > ${pidFile}; ${script}`],
      logFile: join(folder, `${name}.log`),
      ready: (signal) => until(async () => existsSync(pidFile), signal),
    };
  }

  const kinds = (): string[] => reports.map((report) => `${report.kind} ${report.name}`);
  const fact = (test: () => boolean): Promise<void> => until(async () => test(), AbortSignal.timeout(5_000));

  it('stops its children in the opposite order of their start, each by SIGTERM', async () => {
    await supervisor.start(shell('first', 'exec sleep 60'));
    await supervisor.start(shell('second', 'exec sleep 60'));
    const pids = Object.values(supervisor.pids());
    await supervisor.stop();
    assert.deepEqual(kinds(), ['ready first', 'ready second', 'stopped second', 'stopped first']);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('keeps the log of a child within its size, with the lines before in a second file', async () => {
    await supervisor.start(shell('talker', 'while :; do echo a line of twenty one; sleep 0.001; done'));
    const log = join(folder, 'talker.log');
    await fact(() => existsSync(`${log}.1`) && readFileSync(log, 'utf8').includes('line'));
    assert.ok(readFileSync(`${log}.1`).length > 1_000);
    assert.ok(!readFileSync(log).includes(0), 'the child writes on from the start of the file');
  });

  it('restarts a child that crashed, and says so', async () => {
    await supervisor.start(shell('fragile', 'exec sleep 60'));
    const before = supervisor.pids().fragile as number;
    process.kill(before, 'SIGKILL');
    await fact(() => reports.some((report) => report.kind === 'ready' && report.restarts === 1));
    assert.deepEqual(kinds(), ['ready fragile', 'exited fragile', 'ready fragile']);
    assert.notEqual(supervisor.pids().fragile, before);
  });

  it('doubles the pause between restarts up to its maximum', async () => {
    await supervisor.stop();
    supervisor = new Supervisor({ report: (report) => reports.push(report), restartMinMs: 1, restartMaxMs: 4 });
    const spec = shell('hopeless', `test -e ${folder}/again && exit 3; touch ${folder}/again; sleep 0.05`);
    await supervisor.start(spec);
    await fact(() => reports.filter((report) => report.kind === 'exited').length >= 5);
    const pauses = reports.flatMap((report) => (report.kind === 'exited' ? [report.restartInMs] : []));
    assert.deepEqual(pauses.slice(0, 5), [1, 2, 4, 4, 4]);
  });

  it('tells why a child did not start, with the end of its log', async () => {
    const dead = { ...shell('dead', ''), args: ['-c', 'echo no such luck >&2; exit 7'] };
    await assert.rejects(supervisor.start(dead), /^Error: dead: ended with code 7\nno such luck$/);
    assert.deepEqual(kinds(), []);
  });

  it('gives up a start when it is told to stop, and stops each child once', async () => {
    await supervisor.start(shell('first', 'exec sleep 60'));
    const silent = {
      ...shell('silent', 'exec sleep 60'),
      ready: (signal: AbortSignal) => until(async () => false, signal),
    };
    const refused = assert.rejects(supervisor.start(silent), /silent: stopped before it was ready/);
    await fact(() => existsSync(join(folder, 'silent.pid')));
    await supervisor.stop();
    await refused;
    assert.deepEqual(kinds(), ['ready first', 'stopped silent', 'stopped first']);
  });

  it('names a program that does not exist', async () => {
    const missing = { ...shell('missing', ''), command: join(folder, 'nothing') };
    await assert.rejects(supervisor.start(missing), /missing: spawn .*nothing ENOENT/);
  });

  it('kills a child that does not heed SIGTERM', async () => {
    await supervisor.start(shell('stubborn', "trap '' TERM; while :; do sleep 0.02; done"));
    const pid = supervisor.pids().stubborn as number;
    await supervisor.stop();
    assert.deepEqual(kinds(), ['ready stubborn', 'killed stubborn', 'stopped stubborn']);
    assert.equal(isAlive(pid), false);
  });

  it('leaves no child behind when it is itself killed', async () => {
    const url = (name: string): string => pathToFileURL(join(packageRoot(), 'dist', 'platform', name)).href;
    const script = join(folder, 'parent.mjs');
    writeFileSync(
      script,
      `import { Supervisor } from '${url('supervisor.js')}';
       const supervisor = new Supervisor();
       const ready = async () => {};
       await supervisor.start({ name: 'child', command: 'sleep', args: ['60'], logFile: '${folder}/child.log', ready });
       console.log(supervisor.pids().child);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    assert.equal(isAlive(pid), true);
    parent.kill('SIGKILL');
    await fact(() => !isAlive(pid));
  });
});

/** A dead process that nobody has waited for counts as dead. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}
