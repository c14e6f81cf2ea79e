import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNode, parseVersion } from '../../../cli/doctor/check-programs.ts';
import { checkStateFolder } from '../../../cli/doctor/check-state-folder.ts';
import { StateFolder } from '../../../cli/state-folder.ts';
import { writePrivate } from '../../../platform/write-private.ts';

describe('doctor: programs', () => {
  it('reads the versions that programs print', () => {
    assert.deepEqual(parseVersion('envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean'), [1, 40]);
    assert.deepEqual(parseVersion('nats-server: v2.15.1'), [2, 15]);
    assert.equal(parseVersion('no version here'), null);
  });

  it('asks for Node 20.19 or newer', () => {
    assert.deepEqual(
      ['20.18.9', '20.19.0', '22.0.0', '18.20.0'].map((version) => checkNode(version).level),
      ['fail', 'ok', 'ok', 'fail'],
    );
  });
});

describe('doctor: state folder', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'doctor-'));
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  const levels = (state: StateFolder): string[] => checkStateFolder(state).map(({ level }) => level);

  it('is well without one, and with one that keeps its secrets', () => {
    const state = new StateFolder(join(parent, 'state'));
    assert.deepEqual(levels(state), ['ok', 'ok']);
    writePrivate(state.credentialFile('checkout'), 'secret');
    assert.deepEqual(levels(state), ['ok', 'ok']);
  });

  it('fails when others may read a secret, and says how to mend it', () => {
    const state = new StateFolder(join(parent, 'state'));
    const file = state.credentialFile('checkout');
    writePrivate(file, 'secret');
    chmodSync(file, 0o644);
    const [finding] = checkStateFolder(state);
    assert.equal(finding?.level, 'fail');
    assert.equal(finding?.todo, `chmod go= ${file}`);
  });

  it('warns when socket paths would be too long', () => {
    assert.deepEqual(levels(new StateFolder(join(parent, 'x'.repeat(80)))), ['ok', 'warn']);
  });
});
