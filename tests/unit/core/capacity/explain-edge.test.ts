import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planCapacity } from '../../../../core/allocators/plan-capacity.ts';
import type { PlanInput } from '../../../../core/allocators/plan-input.ts';
import type { DerivationStep } from '../../../../core/capacity/derivation-step.ts';
import { explainEdge } from '../../../../core/capacity/explain-edge.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';
import { planInput } from '../../../support/arbitrary-plan-input.ts';
import { WORKED_EXAMPLE } from '../../../support/worked-example.ts';

function exampleInput(text = WORKED_EXAMPLE): PlanInput {
  const checked = parseMeshFile(text);
  if (!checked.ok) assert.fail(JSON.stringify(checked.problems));
  return {
    config: checked.value,
    nodes: ['node-1'],
    live: new Map(),
    services: new Map(),
    offeredRps: new Map([['checkout/payment', 320]]),
  };
}

function stepsOf(input: PlanInput, workload: string, service: string): readonly DerivationStep[] {
  const explained = explainEdge(input, workload, service);
  return explained.ok ? explained.value : assert.fail(JSON.stringify(explained.problems));
}

describe('explainEdge()', () => {
  it('derives checkout → payment line by line', () => {
    assert.deepEqual(
      stepsOf(exampleInput(), 'checkout', 'payment').map((step) => [step.quantity, step.substitution, step.result]),
      [
        ['K', 'min(400, unknown)', '400 calls/s (declared)'],
        ['N', 'min(24, unknown)', '24 calls in flight (declared)'],
        ['asked', '0.8 · 400', '320 calls/s'],
        ['guarantee', 'wf(400, [checkout 320, batch 200], w [checkout 2, batch 1])', '266.667 calls/s'],
        ['demand', 'min(320, max(1.25·320, 0.1·266.667))', '320 calls/s'],
        ['limit', 'wf(400, [checkout 320, batch 13.333], w [checkout 2, batch 1])', '320 calls/s'],
        ['burst', 'max(25, 0.2·266.667)', '53.333 calls'],
        ['N_e', 'max(1, ⌊wf(24, [checkout 18, batch 12], w [checkout 2, batch 1])⌋)', '16 calls in flight'],
        ['breaker per node', '⌈16 · 1 / 1⌉', '16 / 32 / 16'],
        ['backstop per node', '1.2·320, ⌈1.2·53.333⌉', '64; 39 per 0.1015625 s (384/s)'],
        ['safe per node', '266.667 ÷ 1, ⌈53.333 ÷ 1⌉', '54; 27 per 0.10125 s (266.667/s)'],
        ['retry budget', '20 · 0.8', '16 %'],
        ['endpoints', 'geo is not set', 'all, one as near as the next'],
        ['trace sampling', '100 · 0.1', '10 % of calls'],
        ['access log per node', '⌊1000 · 0.1⌋ ÷ 1', '100 lines/s'],
        ['metric series', '⌊10000 · 0.1⌋', '1000 of the tenant, then other'],
        ['quorum', 'C_gauge 0.5', '2 of 3, 3 of 5'],
        ['lease', '60 · (1 − 0.8·0.5)', '36 s'],
      ],
    );
  });

  it('says when an endpoint that fails is left out, where the service wants that', () => {
    const text = WORKED_EXAMPLE.replace('concurrency: 24}}', 'concurrency: 24}, ejectFailing: true}');
    const step = stepsOf(exampleInput(text), 'checkout', 'payment').find(
      ({ quantity }) => quantity === 'endpoint left out',
    );
    assert.deepEqual([step?.substitution, step?.result], ['max(0.1, 1 − 0.8)', 'at 20 % failed calls']);
  });

  it('says how far calls may spill', () => {
    const text = WORKED_EXAMPLE.replace('gauge: 0.5', 'gauge: 0.5, geo: 0.5');
    const step = stepsOf(exampleInput(text), 'checkout', 'payment').find(({ quantity }) => quantity === 'endpoints');
    assert.equal(step?.substitution, 'instance 1, node 1, sub-zone 0.5, zone 0, region 0');
    assert.equal(step?.result, '3 of 5 levels');
  });

  it('says that nothing is known where nothing is', () => {
    const input = exampleInput(
      'mesh: m\nservices: { s: { endpoints: [a:1] } }\nworkloads: { w: {} }\nbudgets: { w: { s: {} } }',
    );
    assert.deepEqual(
      stepsOf(input, 'w', 's').map((step) => [step.quantity, step.result]),
      [
        ['K', 'unknown: no rate limit'],
        ['N', 'unknown'],
        ['N_e', 'unlimited'],
        ['breaker per node', 'none'],
        ['retry budget', '20 %'],
        ['endpoints', 'all, one as near as the next'],
        ['trace sampling', '10 % of calls'],
        ['access log per node', '100 lines/s'],
        ['metric series', '1000 of the tenant, then other'],
        ['quorum', '2 of 3, 3 of 5'],
        ['lease', '60 s'],
      ],
    );
  });

  it('says what load estimates may add up to, where the service has such a capacity', () => {
    const text = WORKED_EXAMPLE.replace('concurrency: 24}}', 'concurrency: 24, cpuMsPerSec: 1000}}');
    const step = stepsOf(exampleInput(text), 'checkout', 'payment').find(
      ({ quantity }) => quantity === 'load estimates per node',
    );
    assert.deepEqual(
      [step?.substitution, step?.result],
      ['666.667 CPU-ms/s, no limit ÷ 1', '666.667 CPU-ms/s, no limit'],
    );
  });

  it('explains why calls without a budget are refused', () => {
    const explained = explainEdge(exampleInput(), 'checkout', 'stock');
    assert.deepEqual(explained, {
      ok: false,
      problems: [
        {
          path: 'budgets.checkout.stock',
          message: 'service "stock" is not declared: calls are refused with 403 edge-not-entitled',
        },
      ],
    });
    const zero = exampleInput(
      'mesh: m\nservices: { s: { endpoints: [a:1] } }\nworkloads: { w: {} }\nbudgets: { w: { s: { ptr: 0 } } }',
    );
    assert.equal(stepsOf(zero, 'w', 's')[0]?.result, '403 edge-not-entitled');
    const denied = exampleInput(
      'mesh: m\nservices: { s: { endpoints: [a:1] } }\nworkloads: { w: {}, v: {} }\nbudgets: { w: { s: { int: 0 } } }',
    );
    assert.equal(stepsOf(denied, 'w', 's')[0]?.substitution, 'int = 0');
    const none = explainEdge(denied, 'v', 's');
    assert.match(none.ok ? '' : (none.problems[0]?.message ?? ''), /^v has no budget for it/);
  });

  it('lists eight of many callers, and says how many more there are', () => {
    const callers = Array.from({ length: 10 }, (_, i) => `w${i}`);
    const input = exampleInput(
      [
        'mesh: m',
        'services: { s: { endpoints: [a:1], capacity: { rps: 100 } } }',
        `workloads: { ${callers.map((name) => `${name}: {}`).join(', ')} }`,
        `budgets: { ${callers.map((name) => `${name}: { s: { int: 0.5 } }`).join(', ')} }`,
      ].join('\n'),
    );
    const guarantee = stepsOf(input, 'w9', 's').find((step) => step.quantity === 'guarantee');
    assert.match(guarantee?.substitution ?? '', /w7 50, … 2 more\]/);
  });

  it('throws for a budget whose workload nobody declared, which no checked mesh has', () => {
    const input = exampleInput();
    const broken = { ...input, config: { ...input.config, workloads: new Map() } };
    assert.throws(() => explainEdge(broken, 'checkout', 'payment'), /budgets\.checkout\.payment of a checked mesh/);
  });

  it('ends in the numbers of the plan, whatever the input', () => {
    const shown = (value: number): string => String(Number(value.toFixed(3)));
    fc.assert(
      fc.property(planInput, (input) => {
        for (const edge of planCapacity(input).services.flatMap((service) => service.edges)) {
          const steps = new Map(
            stepsOf(input, edge.workload, edge.service).map((step) => [step.quantity, step.result]),
          );
          if (edge.guaranteeRps !== null) assert.equal(steps.get('guarantee'), `${shown(edge.guaranteeRps)} calls/s`);
          if (edge.limitRps !== null) assert.equal(steps.get('limit'), `${shown(edge.limitRps)} calls/s`);
          if (edge.burst !== null) assert.equal(steps.get('burst'), `${shown(edge.burst)} calls`);
          assert.equal(
            steps.get('N_e'),
            edge.concurrency === null ? 'unlimited' : `${edge.concurrency} calls in flight`,
          );
          const { breaker, backstop, safe } = edge;
          const thresholds =
            breaker && `${breaker.maxRequests} / ${breaker.maxConnections} / ${breaker.maxPendingRequests}`;
          assert.equal(steps.get('breaker per node'), thresholds ?? 'none');
          assert.equal(steps.get('backstop per node')?.split(' ')[0], backstop ? `${backstop.maxTokens};` : undefined);
          assert.equal(steps.get('safe per node')?.split(' ')[0], safe ? `${safe.maxTokens};` : undefined);
          assert.equal(steps.get('retry budget'), `${shown(edge.retryBudgetPercent)} %`);
          assert.equal(steps.get('lease'), `${edge.leaseMs / 1000} s`);
        }
      }),
    );
  });
});
