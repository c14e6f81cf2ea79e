import assert from 'node:assert/strict';
import { createEdgeRecord, leaseEdge } from '../../../../core/admission/edge-record.ts';
import { takeLine } from '../../../../core/admission/line-allowance.ts';

const SLICE = { burst: 25, safeRateRps: 0, safeBurst: 0, guaranteeBurst: 25, leaseMs: 60_000, guaranteeRps: 0 };

function linesIn(seconds: number, accessLogLinesPerSec: number | undefined, callsPerSec = 1000): number {
  const edge = createEdgeRecord('checkout', 'payment', 0);
  leaseEdge(edge, { ...SLICE, accessLogLinesPerSec }, true, 0);
  let lines = 0;
  for (let i = 0; i < seconds * callsPerSec; i += 1) if (takeLine(edge.lines, (i * 1000) / callsPerSec)) lines += 1;
  return lines;
}

describe('takeLine() (CONTRACT §D, C_obs)', () => {
  it('gives an edge its lines per second, and at most those of one second at once', () => {
    for (const linesPerSec of [300, 10, 1, 0.5]) {
      const lines = linesIn(20, linesPerSec);
      const allowed = linesPerSec * 20 + Math.max(1, linesPerSec);
      assert.ok(lines <= allowed + 1 && lines >= linesPerSec * 20 - 1, `${lines} lines at ${linesPerSec}/s`);
    }
  });

  it('writes every call where there are fewer calls than lines', () => {
    assert.equal(linesIn(10, 300, 50), 500);
  });

  it('writes nothing at 0, and 100 a second where no lease says how many', () => {
    assert.equal(linesIn(10, 0), 0);
    assert.ok(Math.abs(linesIn(20, undefined) - 2100) <= 100);
  });
});
