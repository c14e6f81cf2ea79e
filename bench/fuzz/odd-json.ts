import type { Dice } from './dice.ts';

/** JSON values, and texts that are nearly JSON, that parsers and checks have tripped over. */
const ODD_VALUES: readonly string[] = [
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '-1',
  '1.5',
  '-0',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '123456789012345678901234567890',
  '"1800003600"',
  '"\\u0000"',
  '"\\ud800"',
  '"ｃｈｅｃｋｏｕｔ"',
  '"checkout\\n"',
  '"../checkout"',
  '"~unverified"',
  `"${'a'.repeat(64)}"`,
  '{"toString":1}',
  '{"__proto__":{"int":1}}',
  '["EdDSA"]',
];

const BROKEN_TEXTS: readonly string[] = [
  '',
  '{',
  '}',
  '"',
  '{"a":}',
  '{"a":1,}',
  '\u{feff}{}',
  '{}{}',
  "{'alg':'EdDSA'}",
  'NaN',
  '[{"alg":"EdDSA"}]',
  '['.repeat(1500),
  '{"a":'.repeat(400),
];

/** One of the values above, as JSON text. */
export const oddValue = (dice: Dice): string => dice.of(ODD_VALUES);

/** A text that is no JSON object, or none that ends well. */
export const brokenText = (dice: Dice): string => dice.of(BROKEN_TEXTS);

/** A JSON object with one of its fields replaced, left out, said twice or joined by others. */
export function withOddField(fields: Readonly<Record<string, unknown>>, dice: Dice): string {
  const entries = Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)] as [string, string]);
  const at = dice.below(entries.length);
  const [name, value] = entries[at] as [string, string];
  const odd = oddValue(dice);
  switch (dice.below(4)) {
    case 0:
      entries[at] = [name, odd];
      break;
    case 1:
      entries.splice(at, 1);
      break;
    case 2:
      entries.push([name, odd]);
      break;
    default:
      entries.splice(at, 1, [name.toUpperCase(), value], ['__proto__', odd]);
  }
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
