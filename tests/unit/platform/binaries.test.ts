import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary, lookUpBinary } from '../../../platform/binaries.ts';

describe('lookUpBinary', () => {
  let folder: string;
  let program: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'binaries-'));
    program = join(folder, 'envoy');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('takes what the variable names before PATH', () => {
    const own = join(folder, 'my-envoy');
    writeFileSync(own, '');
    chmodSync(own, 0o755);
    assert.deepEqual(lookUpBinary('envoy', { ENVOY_BIN: own, PATH: folder }), { path: own, source: 'ENVOY_BIN' });
  });

  it('takes the first executable on PATH, passing over folders and plain files', () => {
    const plain = mkdtempSync(join(folder, 'plain-'));
    writeFileSync(join(plain, 'envoy'), '');
    const env = { PATH: ['', plain, '/does/not/exist', folder].join(':') };
    assert.deepEqual(lookUpBinary('envoy', env), { path: program, source: 'PATH' });
  });

  it('does not look further when the variable is wrong', () => {
    const env = { ENVOY_BIN: join(folder, 'mistyped'), PATH: folder };
    assert.equal(lookUpBinary('envoy', env), null);
    assert.throws(() => findBinary('envoy', env), /ENVOY_BIN=.*mistyped is not an executable file/);
  });
});
