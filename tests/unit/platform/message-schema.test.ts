import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, it } from 'mocha';
import { messageToJson } from '../../../platform/message-json.ts';
import {
  addMessageSchemas,
  type Direction,
  type JsonSchema,
  messageSchema,
  schemaName,
} from '../../../platform/message-schema.ts';
import { validateMessage } from '../../../platform/validate-message.ts';
import { brokenFields, NOT_A_NUMBER, ruledMessages, soundMessage } from '../../support/broken-messages.ts';

function compiled(typeName: string, direction: Direction): ValidateFunction {
  const schemas: Record<string, JsonSchema> = {};
  addMessageSchemas(typeName, direction, schemas);
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
  ajv.addSchema({ components: { schemas } }, 'api');
  return ajv.getSchema(`api#/components/schemas/${schemaName(typeName, direction)}`) as ValidateFunction;
}

describe('JSON Schemas of messages', () => {
  for (const typeName of ruledMessages()) {
    it(`${typeName}: takes what breaks no rule and refuses each break that the rules refuse`, () => {
      for (const direction of ['request', 'answer'] as const) {
        const takes = compiled(typeName, direction);
        const sound = soundMessage(typeName);
        deepEqual(validateMessage(typeName, sound), []);
        ok(takes(messageToJson(typeName, sound)), JSON.stringify(takes.errors));
        for (const { path, rule, make } of brokenFields(typeName)) {
          const message = make();
          deepEqual(
            validateMessage(typeName, message).map((problem) => problem.path),
            [path],
            rule,
          );
          // No JSON says NaN or an unknown enum by name; what is missing in an answer is absent.
          if (rule === NOT_A_NUMBER || rule === 'enum.defined_only') continue;
          if (rule === 'message.required' && direction === 'answer') continue;
          equal(takes(messageToJson(typeName, message)), false, `${direction}: ${rule} at ${path}`);
        }
      }
    });
  }

  it('has what an answer always has, and asks of a request only for what its rules need', () => {
    const schemas: Record<string, JsonSchema> = {};
    addMessageSchemas('capmesh.v1.Budget', 'answer', schemas);
    addMessageSchemas('capmesh.v1.Budget', 'request', schemas);
    deepEqual(Object.keys(schemas), ['Budget', 'CapacityVector', 'BudgetInput', 'CapacityVectorInput']);
    deepEqual(schemas.Budget?.required, ['workload', 'service', 'revision']);
    deepEqual(schemas.BudgetInput?.required, ['workload', 'service']);
    deepEqual([schemas.Budget?.additionalProperties, schemas.BudgetInput?.additionalProperties], [undefined, false]);
  });

  it('takes null for absent in requests alone', () => {
    const duration = { workloadId: 'x', duration: null, capacityVector: null };
    ok(compiled('capmesh.v1.RequestCapacityRequest', 'request')(duration));
    equal(compiled('capmesh.v1.RequestCapacityRequest', 'request')({ workloadId: null }), false);
    equal(compiled('capmesh.v1.CapacityVector', 'answer')({ cInt: null }), false);
  });

  it('tells what the protos tell', () => {
    const schemas: Record<string, JsonSchema> = {};
    addMessageSchemas('capmesh.v1.ActionControl', 'answer', schemas);
    equal(schemas.ActionControl?.description, 'What operators allow the stability controller to do.');
    const { pausedUntil } = messageSchema('capmesh.v1.ActionControl', 'answer').properties;
    deepEqual(pausedUntil, {
      type: 'string',
      format: 'date-time',
      description: 'No action begins until then; absent = not paused.',
    });
  });

  it('knows no message that is none', () => {
    throws(() => addMessageSchemas('capmesh.v1.Nothing', 'answer', {}), /no message capmesh.v1.Nothing/);
  });
});
