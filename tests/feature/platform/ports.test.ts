import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { choosePorts, type MeshPorts } from '../../../platform/ports.ts';

const allOf = (ports: MeshPorts): number[] => [
  ...[ports.xds, ports.grpc, ports.rest, ports.nats],
  ...ports.nodes.flatMap((node) => [node.mesh, node.admin, node.health]),
];

describe('choosePorts', () => {
  it('auto: distinct ports of the OS for every door', async () => {
    const ports = allOf(await choosePorts('auto', 2));
    assert.equal(ports.length, 10);
    assert.equal(new Set(ports).size, 10);
    assert.ok(ports.every((port) => port > 0));
  });

  it('number: consecutive from there', async () => {
    const base = (await choosePorts('auto', 1)).xds;
    const ports = await choosePorts(base, 0).catch((error: Error) => error);
    // Another process may have taken one of the four meanwhile; then it says which.
    if (ports instanceof Error) assert.match(ports.message, /port \d+ on 127\.0\.0\.1 is taken/);
    else assert.deepEqual(allOf(ports), [base, base + 1, base + 2, base + 3]);
  });

  it('number: refuses when one of them is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    await assert.rejects(choosePorts(port, 1), new RegExp(`port ${port} on 127.0.0.1 is taken`));
    holder.close();
  });

  it('defaults: goes round a port that is taken', async () => {
    const holder = createServer();
    await new Promise((resolve) => {
      // Taken by somebody else already: just as good.
      holder.once('error', resolve).once('listening', resolve).listen(18001, '127.0.0.1');
    });
    const ports = await choosePorts('defaults', 1);
    assert.notEqual(ports.grpc, 18001);
    assert.equal(new Set(allOf(ports)).size, 7);
    holder.close();
  });
});
