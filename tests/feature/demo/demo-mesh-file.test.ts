import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { demoMeshFile } from '../../../demo/demo-mesh-file.ts';
import { listen } from '../../../demo/services/listen.ts';
import { packageRoot } from '../../../platform/package-root.ts';

describe('demoMeshFile()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capmesh-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('takes other ports where one is in use, and says so only in a copy', async () => {
    const taken = await listen(0, (_request, response) => response.end());
    const original = join(folder, 'mesh.yaml');
    const text = `mesh: shop\nservices: { payment: { endpoints: ["127.0.0.1:${taken.port}"] } }\n`;
    writeFileSync(original, text);
    const chosen = await demoMeshFile(original, join(folder, 'copy.yaml'));
    await taken.stop();
    assert.equal(chosen.path, join(folder, 'copy.yaml'));
    assert.notEqual(chosen.ports.payment, taken.port);
    const { services } = parse(readFileSync(chosen.path, 'utf8'));
    assert.deepEqual(services.payment.endpoints, [`127.0.0.1:${chosen.ports.payment}`]);
    assert.equal(readFileSync(original, 'utf8'), text);
  });

  it('uses the file as it is where its ports are free', async () => {
    const free = await listen(0, () => {});
    await free.stop();
    const original = join(folder, 'mesh.yaml');
    writeFileSync(original, `mesh: shop\nservices: { payment: { endpoints: ["127.0.0.1:${free.port}"] } }\n`);
    const chosen = await demoMeshFile(original, join(folder, 'copy.yaml'));
    assert.deepEqual(chosen, { path: original, ports: { payment: free.port } });
  });
});

describe('demo/mesh.yaml', () => {
  it('names four services and not a word about what they can take', () => {
    const text = readFileSync(join(packageRoot(), 'demo', 'mesh.yaml'), 'utf8');
    assert.doesNotMatch(text, /capacity/i);
    assert.deepEqual(Object.keys(parse(text).services), ['storefront', 'checkout', 'payment', 'inventory']);
  });
});
