import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientWritableStream, credentials } from '@grpc/grpc-js';
import { operationsService } from '../../../ext-authz/operations/operations-service.ts';
import { type Sinks, startSinks } from '../../../ext-authz/sinks/sinks-server.ts';
import {
  MetricsServiceClient,
  StreamMetricsMessage,
} from '../../../proto/gen/envoy/service/metrics/v3/metrics_service.ts';
import { checkFixture, silentLogger } from '../../support/check-fixture.ts';

describe('metrics sink over a unix socket', () => {
  let folder: string;
  let sink: Sinks;
  let client: MetricsServiceClient;
  let stream: ClientWritableStream<StreamMetricsMessage>;
  let flushes: number;
  let flushed: () => void;
  let broken: Promise<void>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'capmesh-sink-'));
    const path = join(folder, 'sinks.sock');
    flushes = 0;
    flushed = () => {};
    const onFlush = () => {
      flushes += 1;
      flushed();
    };
    const operations = operationsService(checkFixture().operations, silentLogger);
    sink = await startSinks({ address: { path }, onFlush, onCallEnd: () => {}, operations, logger: silentLogger });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    client = new MetricsServiceClient(`unix:${path}`, credentials.createInsecure());
    openStream();
  });

  afterEach(async () => {
    client.close();
    await sink.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const openStream = () => {
    broken = new Promise((resolve) => {
      stream = client.streamMetrics(() => resolve());
    });
    stream.on('error', () => {});
  };

  const message = (timestampMs: number, edge: string, value: number) =>
    StreamMetricsMessage.fromPartial({
      envoyMetrics: [
        {
          name: 'cluster.upstream_rq_total',
          metric: [{ label: [{ name: 'envoy.cluster_name', value: edge }], counter: { value }, timestampMs }],
        },
      ],
    });

  const flush = async (...messages: StreamMetricsMessage[]) => {
    const done = new Promise<void>((resolve) => {
      flushed = resolve;
    });
    for (const each of messages) stream.write(each);
    await done;
  };

  it('makes one flush of the messages of one timestamp, and counts from the first flush on', async () => {
    await flush(message(1000, 'edge/checkout/payment', 7), message(1000, 'edge/batch/payment', 1));
    assert.equal(flushes, 1);
    await flush(message(2000, 'edge/checkout/payment', 9), message(2000, 'edge/batch/payment', 1));
    assert.equal(flushes, 2);
    const attempts = [...sink.stats.entries()].map(({ workload, edge }) => [workload, edge.snapshot().attempts]);
    assert.deepEqual(attempts, [
      ['checkout', 2],
      ['batch', 0],
    ]);
    assert.equal(sink.messageCount, 4);
  });

  it('ends a flush when the next one begins', async () => {
    const twice = new Promise<void>((resolve) => {
      flushed = () => {
        if (flushes === 2) resolve();
      };
    });
    stream.write(message(1000, 'edge/checkout/payment', 1));
    stream.write(message(2000, 'edge/checkout/payment', 2));
    await twice;
  });

  it('goes on when a stream breaks', async () => {
    await flush(message(1000, 'edge/checkout/payment', 1));
    const ended = broken;
    stream.cancel();
    await ended;
    openStream();
    await flush(message(2000, 'edge/checkout/payment', 4));
    assert.equal([...sink.stats.entries()][0]?.edge.snapshot().attempts, 3);
  });
});
