import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  type CapacityFetch,
  type CapacityFetchOptions,
  CapmeshError,
  capacityFetch,
  meshFetch,
  refusalOfResponse,
} from '../../../client/index.ts';
import { listen } from '../../../platform/listen-address.ts';
import { ManualTiming } from '../../support/manual-timing.ts';
import { ScriptedTokens } from '../../support/scripted-tokens.ts';
import { until } from '../../support/until.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (response: ServerResponse) => void;

/** What a sidecar says when it refuses. */
const refuse =
  (status: number, reason: string, retryAfter?: string): Answer =>
  (response) => {
    const body = { reason, message: 'no room', edge: 'checkout/payment', remaining: 0, retryAfterMs: 40, id: 'r-1' };
    const pause = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    response.writeHead(status, { 'x-capacity-denied': reason, 'content-type': 'application/json', ...pause });
    response.end(JSON.stringify(retryAfter === undefined ? { ...body, retryAfterMs: undefined } : body));
  };

describe('capacityFetch', () => {
  let server: Server;
  let address: string;
  let url: string;
  let seen: Seen[];
  let script: Answer[];
  let timing: ManualTiming;
  let tokens: ScriptedTokens;

  const fetchWith = (options: CapacityFetchOptions = {}): CapacityFetch =>
    capacityFetch(tokens, { timing, ...options });
  const attempts = () => seen.map(({ headers }) => headers['x-capacity-attempt'] ?? '1');
  /** Waits for the call to pause, then lets the pause pass. */
  const passPause = async (ms: number): Promise<void> => {
    await until(() => timing.sleepers.length > 0);
    await timing.advance(ms);
  };

  before(async () => {
    server = createServer(async (request, response) => {
      const { method = '', url: path = '', headers } = request;
      seen.push({ method, url: path, headers, body: await text(request) });
      const answer = script.shift();
      if (answer === undefined) response.end('done');
      else answer(response);
    });
    const bound = await listen(server, { host: '127.0.0.1', port: 0 });
    assert.ok('port' in bound);
    address = `127.0.0.1:${bound.port}`;
    url = `http://${address}/pay?n=1`;
  });

  beforeEach(() => {
    [seen, script] = [[], []];
    timing = new ManualTiming();
    tokens = new ScriptedTokens();
  });

  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('puts token, operation, estimate and priority into the headers, whatever form a call has', async () => {
    const capacity = { operation: 'charge', cpu: 10, memoryMb: 512, priority: 3 };
    const pay = fetchWith({ capacity });
    await pay(url, { headers: { 'x-own': 'a' } });
    await pay(new URL(url), { method: 'POST', body: 'b', headers: [['x-own', 'a']], capacity: { cpu: 0.12345 } });
    await pay(new Request(url, { headers: { 'x-own': 'a' } }), { capacity: { memoryMb: 100, priority: undefined } });
    const told = seen.map(({ headers }) => [
      headers['x-own'],
      headers['x-capacity-token'],
      headers['x-capacity-operation'],
      headers['x-capacity-cpu'],
      headers['x-capacity-memory-mb'],
      headers['x-capacity-priority'],
      headers['x-capacity-attempt'],
    ]);
    assert.deepEqual(told, [
      ['a', 'token-1', 'charge', '10', '512', '3', undefined],
      ['a', 'token-1', 'charge', '0.123', '512', '3', undefined],
      ['a', 'token-1', 'charge', '10', '100', undefined, undefined],
    ]);
    assert.equal(seen[1]?.body, 'b');
  });

  it('refuses to say what is no estimate: everything that is wrong at once', async () => {
    await assert.rejects(
      fetchWith()(url, { capacity: { cpu: -1, memoryMb: Number.NaN, priority: 10, operation: '\n' } }),
      {
        name: 'RangeError',
        message: /operation: .*cpu: .*memoryMb: .*priority: /,
      },
    );
    assert.throws(() => fetchWith({ capacity: { cpu: Number.POSITIVE_INFINITY } }), /cpu: /);
    assert.throws(() => fetchWith({ retries: 6 }), /retries: must be a whole number, 0 … 5/);
    assert.equal(seen.length, 0);
  });

  it('a refusal stays a Response, and says why', async () => {
    script.push(refuse(429, 'budget-exhausted', '1'));
    const response = await fetchWith()(url);
    assert.equal(response.status, 429);
    const expected = {
      reason: 'budget-exhausted',
      message: 'no room',
      edge: 'checkout/payment',
      id: 'r-1',
      remaining: 0,
      retryAfterMs: 40,
    };
    assert.deepEqual(await refusalOfResponse(response), expected);
    assert.equal(JSON.parse(await response.text()).reason, 'budget-exhausted', 'it can still be read');
    assert.deepEqual(await refusalOfResponse(response), {
      ...expected,
      message: '',
      edge: '',
      id: '',
      remaining: null,
      retryAfterMs: 1000,
    });
  });

  it('reads no more of a refusal than one can be long', async () => {
    let stopped = false;
    script.push((response) => {
      response.on('close', () => {
        stopped = true;
      });
      response.writeHead(503, { 'x-capacity-denied': 'breaker-open', 'retry-after': '1' });
      response.write('x'.repeat(20_000));
    });
    const response = await fetchWith()(url);
    const refusal = await refusalOfResponse(response);
    assert.deepEqual([refusal?.reason, refusal?.message, refusal?.retryAfterMs], ['breaker-open', '', 1000]);
    await response.body?.cancel();
    await until(() => stopped);
  });

  it('an answer of the service is none of ours, even where it is 429 or 503', async () => {
    for (const status of [200, 429, 503]) {
      script.push((response) => response.writeHead(status, { 'retry-after': '1' }).end());
      const response = await fetchWith({ retries: 3 })(url);
      assert.deepEqual([response.status, await refusalOfResponse(response)], [status, null]);
    }
    assert.equal(seen.length, 3);
  });

  it('makes a refused call again, not before Retry-After, and tells the attempt', async () => {
    script.push(refuse(429, 'budget-exhausted', '2'), refuse(503, 'breaker-open', '1'));
    const answer = fetchWith({ retries: 2 })(url, { method: 'PUT', body: 'amount=1' });
    await passPause(2249);
    assert.equal(seen.length, 1);
    await timing.advance(1);
    await passPause(1125);
    assert.equal(await (await answer).text(), 'done');
    assert.deepEqual(attempts(), ['1', '2', '3']);
    assert.deepEqual([...new Set(seen.map(({ body }) => body))], ['amount=1']);
    assert.deepEqual(timing.pauses, [2250, 1125], 'chance adds up to a quarter');
  });

  it('hands over the last refusal when the retries are used up', async () => {
    script.push(...Array.from({ length: 3 }, () => refuse(503, 'shed-priority')));
    const answer = fetchWith({ retries: 2 })(url);
    await passPause(500);
    await passPause(1000);
    assert.equal((await refusalOfResponse(await answer))?.reason, 'shed-priority');
    assert.deepEqual(timing.pauses, [500, 1000], 'back-off where nobody says how long');
  });

  it('makes nothing again that could be done twice, cannot be sent twice, or will be refused again', async () => {
    const pay = fetchWith({ retries: 3 });
    const stream = () => Readable.toWeb(Readable.from(['x'])) as ReadableStream;
    const calls: [Answer, () => Promise<Response>][] = [
      [refuse(429, 'budget-exhausted', '1'), () => pay(url, { method: 'POST', body: 'x' })],
      [refuse(429, 'budget-exhausted', '1'), () => pay(url, { method: 'PUT', body: stream(), duplex: 'half' })],
      [refuse(429, 'budget-exhausted', '1'), () => pay(new Request(url, { method: 'PUT', body: 'x' }))],
      [refuse(403, 'edge-not-entitled'), () => pay(url)],
      [refuse(400, 'estimate-invalid'), () => pay(url)],
      [refuse(401, 'token-revoked'), () => pay(url)],
      [refuse(429, 'budget-exhausted', '11'), () => pay(url)],
    ];
    for (const [answer, call] of calls) {
      seen.length = 0;
      script.push(answer);
      assert.ok((await call()).status >= 400);
      assert.equal(seen.length, 1);
    }
    assert.deepEqual(timing.pauses, []);
  });

  it('a POST with an Idempotency-Key may be made again', async () => {
    script.push(refuse(429, 'budget-exhausted', '1'));
    const headers = { 'idempotency-key': 'k1' };
    const answer = fetchWith({ retries: 1 })(url, { method: 'POST', body: 'x', headers });
    await passPause(1125);
    assert.equal((await answer).status, 200);
    assert.deepEqual(
      seen.map(({ headers: sent, body }) => [sent['idempotency-key'], body]),
      [
        ['k1', 'x'],
        ['k1', 'x'],
      ],
    );
  });

  it('tells of a token that was refused, and uses its successor once', async () => {
    tokens.next = 'token-2';
    script.push(refuse(401, 'token-revoked'), refuse(401, 'token-revoked'));
    assert.equal((await fetchWith()(url)).status, 401);
    assert.deepEqual(
      seen.map(({ headers }) => headers['x-capacity-token']),
      ['token-1', 'token-2'],
    );
    assert.deepEqual(
      [tokens.refused, attempts()],
      [
        ['token-1', 'token-2'],
        ['1', '1'],
      ],
    );
    script.push(refuse(401, 'token-expired'));
    assert.equal((await fetchWith()(url, { method: 'POST', body: 'x' })).status, 401);
    assert.equal(tokens.refused.length, 3, 'a refusal of another edge: the service may have seen the POST');
    const pay = fetchWith({ fetch: meshFetch(address) });
    seen.length = 0;
    for (const body of ['x', Readable.toWeb(Readable.from(['x'])) as ReadableStream]) {
      script.push(refuse(401, 'token-expired'));
      await pay('http://payment/', { method: 'POST', body, duplex: 'half' });
    }
    assert.deepEqual(
      seen.map(({ headers, body }) => [headers['x-capacity-token'], body]),
      [
        ['token-2', 'x'],
        ['token-2', 'x'],
        ['token-2', 'x'],
      ],
      'this edge: made again where the body can be',
    );
  });

  it('makes no call without a token', async () => {
    tokens.failure = new CapmeshError('refused', 'mesh:1', 'not admitted');
    await assert.rejects(fetchWith()(url), { name: 'CapmeshError', code: 'refused' });
    assert.equal(seen.length, 0);
  });

  it('ends a pause when its caller gives up', async () => {
    script.push(refuse(429, 'budget-exhausted', '5'));
    const aborter = new AbortController();
    const answer = fetchWith({ retries: 1 })(url, { signal: aborter.signal });
    await until(() => timing.sleepers.length > 0);
    aborter.abort(new Error('too late'));
    await assert.rejects(answer, /too late/);
    assert.deepEqual([seen.length, timing.sleepers], [1, []]);
  });

  it('does not carry the token elsewhere', async () => {
    const away: Answer = (response) => response.writeHead(302, { location: `http://${address}/elsewhere` }).end();
    script.push(away);
    assert.equal((await fetchWith()(url)).status, 302);
    script.push(away);
    assert.equal((await fetchWith()(url, { redirect: 'follow' })).status, 200);
    assert.deepEqual(
      seen.map(({ url: path }) => path),
      ['/pay?n=1', '/pay?n=1', '/elsewhere'],
    );
  });

  describe('through meshFetch', () => {
    it('names the service in Host and goes to Envoy', async () => {
      const pay = fetchWith({ fetch: meshFetch(address) });
      script.push((response) => {
        response.writeHead(
          201,
          'Made',
          [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['x-own', 'c'],
          ].flat(),
        );
        response.end('stored');
      });
      const headers = { 'content-type': 'application/json' };
      const response = await pay('http://payment/charge?x=1', { method: 'POST', body: '{"amount":1}', headers });
      assert.deepEqual([response.status, response.statusText, await response.text()], [201, 'Made', 'stored']);
      assert.deepEqual([response.headers.getSetCookie(), response.headers.get('x-own')], [['a=1', 'b=2'], 'c']);
      const [call] = seen;
      assert.deepEqual(
        [call?.method, call?.url, call?.body, call?.headers.host, call?.headers['content-type']],
        ['POST', '/charge?x=1', '{"amount":1}', 'payment', 'application/json'],
      );
      assert.equal(call?.headers['x-capacity-token'], 'token-1');
    });

    it('passes on refusals, and answers without a body', async () => {
      const pay = fetchWith({ fetch: meshFetch(address), retries: 1 });
      script.push(refuse(429, 'budget-exhausted', '1'), (response) => response.writeHead(204).end());
      const answer = pay('http://payment/');
      await passPause(1125);
      assert.deepEqual([(await answer).status, (await answer).body], [204, null]);
      assert.deepEqual(attempts(), ['1', '2']);
    });

    it('fails as fetch does: with a TypeError where nobody answers, with the reason of its signal', async () => {
      await assert.rejects(meshFetch('127.0.0.1:1')('http://payment/'), {
        name: 'TypeError',
        message: /no answer of Envoy at 127\.0\.0\.1:1: .*ECONNREFUSED/,
      });
      await assert.rejects(meshFetch(address)('https://payment/'), /calls to the mesh begin with http:/);
      const aborter = new AbortController();
      let arrived = false;
      script.push(() => {
        arrived = true;
      });
      const hanging = meshFetch(address)('http://payment/', { signal: aborter.signal });
      await until(() => arrived);
      aborter.abort(new Error('too late'));
      await assert.rejects(hanging, /too late/);
    });
  });
});
