import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { openStore } from '../../../control-plane/state/open-store.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import {
  AdminClient,
  ApplyRequest,
  SetActionControlRequest,
  type Status,
} from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { GateStatus, type GateVerdict } from '../../../proto/gen/capmesh/v1/gates.ts';
import { Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { ADMIN_TOKEN, grpcCall } from '../../support/api-fixture.ts';
import { bucketOf, counters, frame } from '../../support/mesh-fixtures.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { PlaneProcess } from '../../support/plane-process.ts';
import { runCli } from '../../support/run-cli.ts';
import { waitFor } from '../../support/wait-for.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

/** Frames of one second each, sent as fast as they are wanted: what a node reports of calm traffic. */
class FakeSidecar {
  readonly #connection: NatsConnection;
  readonly #perSec: number;
  #sec = 0;

  constructor(connection: NatsConnection, perSec: number) {
    this.#connection = connection;
    this.#perSec = perSec;
  }

  send(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.#sec++;
      const calls = this.#perSec * this.#sec;
      const edges: Frame['edges'] = [counters('checkout', 'payment'), counters('batch', 'payment')].map((edge) => ({
        ...edge,
        offered: calls,
        admitted: calls,
        attempts: calls,
        inFlight: 2,
        admittedLevelMax: 3,
        latencyBuckets: edge.latencyBuckets.map((_, k) => Math.round(calls * (SPREAD[k - bucketOf(20) + 1] ?? 0))),
        latencySumMs: 20 * calls,
      }));
      const bytes = Frame.encode(Frame.fromPartial({ ...frame(this.#sec, []), edges })).finish();
      this.#connection.publish('capmesh.v1.frames.shop.node-1', bytes);
    }
  }
}

const SPREAD = [0.25, 0.5, 0.25];

describe('kernel of a control plane that is killed', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let inspector: NatsConnection;
  let sidecar: FakeSidecar;
  let plane: PlaneProcess;
  let admin: AdminClient;
  let stateDir: string;
  let recordFolder: string;
  let address = '';
  let ordered: { seconds: number; nanos: number } | undefined;

  const start = async (): Promise<void> => {
    plane = new PlaneProcess(nats, stateDir, ['--record', recordFolder]);
    address = `127.0.0.1:${(await plane.opened).grpcPort}`;
    admin = new AdminClient(address, ChannelCredentials.createInsecure());
  };
  const status = (): Promise<Status> => grpcCall(admin, admin.getStatus, {});
  const payment = async () => (await status()).services.find(({ service }) => service === 'payment');
  const passes = (verdict: GateVerdict | undefined): boolean => verdict?.status === GateStatus.GATE_STATUS_PASS;
  const age = (verdict: GateVerdict | undefined): number | undefined => verdict?.evidence.restoredAgeSec;

  before(async () => {
    nats = await startNats('shop', ['node-1']);
    stateDir = join(nats.folder, 'control-plane');
    recordFolder = join(nats.folder, 'recording');
    mkdirSync(stateDir);
    writeFileSync(join(nats.folder, 'admin.token'), `${ADMIN_TOKEN}\n`, { mode: 0o600 });
    await start();
    connection = await nats.connect('node-1');
    inspector = await nats.connect('control-plane');
    sidecar = new FakeSidecar(connection, 60);
    const parsed = parseMeshFile(WORKED_EXAMPLE);
    const mesh = parsed.ok ? meshToMessage(parsed.value) : undefined;
    equal((await grpcCall(admin, admin.apply, ApplyRequest.fromPartial({ mesh }))).applied, true);
  });
  after(async () => {
    admin?.close();
    await plane?.end('SIGTERM');
    await connection?.close();
    await inspector?.close();
    await nats?.stop();
  });

  it('judges calm traffic', async () => {
    await waitFor('fit and gluing of payment to pass', async () => {
      sidecar.send(2);
      const service = await payment();
      return passes(service?.gates?.fit) && passes(service?.gates?.gluing);
    });
  });

  it('takes orders about actions', async () => {
    const paused = SetActionControlRequest.fromPartial({ safeMode: true, pauseFor: { seconds: 3600, nanos: 0 } });
    const control = await grpcCall(admin, admin.setActionControl, paused);
    equal(control.safeMode, true);
    ordered = control.pausedUntil;
    ok(ordered !== undefined);
  });

  it('knows its verdicts and what it learned soon after a kill, and says how old they are', async () => {
    await waitFor('a checkpoint', async () => {
      sidecar.send(1);
      const store = await openStore(inspector);
      return (await store.control.get('kernel.shop')) !== null;
    });
    const learned = (await payment())?.baselineLatencyMs ?? 0;
    ok(learned > 0);
    admin.close();
    await plane.end('SIGKILL');
    const killedMs = performance.now();
    await start();
    const service = await payment();
    const tookMs = performance.now() - killedMs;
    ok(passes(service?.gates?.fit) && passes(service?.gates?.gluing), JSON.stringify(service?.gates));
    // Most of it is the start of a process: the bound leaves room for a busy machine.
    ok(tookMs < 15_000, `${tookMs} ms`);
    const ageSec = age(service?.gates?.fit);
    ok(ageSec !== undefined && ageSec >= 0 && ageSec < 10, `${ageSec} s old`);
    ok(Math.abs((service?.baselineLatencyMs ?? 0) - learned) < 0.2 * learned);
    deepEqual((await status()).control, { safeMode: true, pausedUntil: ordered });
  });

  it('judges anew with the next frames', async () => {
    await waitFor('a verdict of its own', async () => {
      sidecar.send(1);
      const service = await payment();
      return passes(service?.gates?.fit) && age(service?.gates?.fit) === undefined;
    });
  });

  it('starts cold where the checkpoint is spoilt, and learns from the frames that the store holds', async () => {
    admin.close();
    await plane.end('SIGKILL');
    const store = await openStore(inspector);
    await store.control.put('kernel.shop', 'no checkpoint');
    await start();
    const service = await payment();
    ok(service !== undefined);
    ok((service.baselineLatencyMs ?? 0) > 0, 'stored frames teach the base latency');
    deepEqual((await status()).control, { safeMode: true, pausedUntil: ordered }, 'orders need no checkpoint');
  });

  it('recorded itself across the kills, and decides the same again', async () => {
    const [frames, events] = ['frames.jsonl', 'events.jsonl'].map((name) => join(recordFolder, name));
    const lines = readFileSync(frames ?? '', 'utf8').split('\n');
    const kinds = lines.map((line) => /^\{"kind":"([a-z-]+)"/.exec(line)?.[1]);
    equal(kinds.filter((kind) => kind === 'start').length, 3);
    const restarted = kinds.slice(kinds.lastIndexOf('start'));
    const firstTick = restarted.indexOf('tick');
    ok(restarted.slice(0, firstTick < 0 ? undefined : firstTick).includes('action-control'), 'before the first tick');
    const replay = await runCli(stateDir, 'replay', '--from', frames ?? '', '--expect', events ?? '');
    equal(replay.code, 0, replay.out);
    match(replay.out, /[1-9]\d* events: every event as expected/);
  });

  it('tells its log of the last minutes, which decides the same again', async () => {
    const out = join(nats.folder, 'told');
    const token = ['--admin-token-file', join(nats.folder, 'admin.token')];
    const told = await runCli(stateDir, 'record', '--out', out, '--server', address, ...token);
    equal(told.code, 0, told.out);
    const from = ['--from', join(out, 'frames.jsonl'), '--expect', join(out, 'events.jsonl')];
    const replay = await runCli(stateDir, 'replay', ...from);
    equal(replay.code, 0, replay.out);
    match(replay.out, /[1-9]\d* events: every event as expected/);
    const events = readFileSync(join(out, 'events.jsonl'), 'utf8');
    writeFileSync(join(out, 'events.jsonl'), events.replace('"PASS"', '"FAIL"'));
    equal((await runCli(stateDir, 'replay', ...from)).code, 1);
  });
});
