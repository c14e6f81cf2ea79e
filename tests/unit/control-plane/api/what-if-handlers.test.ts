import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WhatIfHandlers } from '../../../../control-plane/api/what-if-handlers.ts';
import { cautionAt } from '../../../../core/admission/admission-caution.ts';
import { whatIf } from '../../../../core/admission/what-if.ts';
import { loadMessageRules } from '../../../../platform/validate-message.ts';
import { WhatIfRequest } from '../../../../proto/gen/capmesh/v1/admin_service.ts';
import { GateStatus } from '../../../../proto/gen/capmesh/v1/gates.ts';
import { admissionScene, type GatesSketch, gates, poolScene } from '../../../support/admission-scenes.ts';
import { SHOP } from '../../../support/mesh-fixtures.ts';

const noChange = { edges: new Map(), capacityRps: new Map(), levels: new Map() };

function askAbout(sketch: GatesSketch) {
  const scene = admissionScene([poolScene('payment', { gates: gates(sketch) })]);
  const handlers = new WhatIfHandlers({
    edits: { preview: () => ({ ok: true, value: SHOP, warnings: [] }) },
    admission: { assess: () => null },
    whatIfEdit: () => whatIf(scene, noChange, new Set(['payment'])),
    caution: () => cautionAt(0),
  });
  return handlers.ask(WhatIfRequest.fromPartial({ mesh: { name: 'shop' } }));
}

describe('what-if of a mesh that is not well', () => {
  before(() => loadMessageRules());

  it('predicts nothing of a gate that fails already, and says so', () => {
    const { admitted, conditional, services } = askAbout({ fit: { status: 'FAIL', ratio: 3 } });
    deepEqual([admitted, conditional], [true, true]);
    const [fit] = services[0]?.gates ?? [];
    deepEqual([fit?.status, fit?.ratio], [GateStatus.GATE_STATUS_FAIL, 3]);
  });

  it('without change a mesh that is well stays so', () => {
    const { admitted, conditional, gatesFailed } = askAbout({});
    deepEqual([admitted, conditional, gatesFailed], [true, false, []]);
  });
});
