import assert from 'node:assert/strict';
import { InvalidArgumentError } from 'commander';
import {
  parseAddress,
  parseCount,
  parseDurationMs,
  parseFractionOrNone,
  parseInteger,
  parseLocalities,
  parsePortChoice,
  parsePositive,
} from '../../../cli/parse-options.ts';
import { parseListenAddress } from '../../../cli/process-options.ts';

const CASES: readonly (readonly [
  parse: (text: string) => unknown,
  good: readonly (readonly [string, unknown])[],
  bad: readonly string[],
])[] = [
  [
    parseLocalities,
    [
      [
        'eu/eu-a/rack-1,eu',
        [
          { region: 'eu', zone: 'eu-a', subZone: 'rack-1' },
          { region: 'eu', zone: undefined, subZone: undefined },
        ],
      ],
    ],
    ['', 'eu/', 'EU', 'a/b/c/d', 'eu,,us'],
  ],
  [parseInteger, [['12', 12]], ['', '-1', '1.5', '1e3', 'x']],
  [
    parsePositive,
    [
      ['0', 0],
      ['120.5', 120.5],
    ],
    ['', ' ', '-1', 'NaN', 'Infinity', '12rps'],
  ],
  [
    parseFractionOrNone,
    [
      ['0', 0],
      ['0.8', 0.8],
      ['1', 1],
      ['none', 'none'],
    ],
    ['1.01', '-0.1', '80%', 'null'],
  ],
  [
    parseDurationMs,
    [
      ['90', 90_000],
      ['1.5s', 1_500],
      ['15m', 900_000],
      ['1h', 3_600_000],
      ['250ms', 250],
    ],
    ['', 'h', '-1s', '1d'],
  ],
  [
    parseCount,
    [
      ['1', 1],
      ['64', 64],
    ],
    ['0', '65', 'x'],
  ],
  [
    parsePortChoice,
    [
      ['auto', 'auto'],
      ['0', 'auto'],
      ['20000', 20_000],
    ],
    ['65001', '-1', 'x'],
  ],
  [
    parseAddress,
    [
      ['127.0.0.1:80', '127.0.0.1:80'],
      ['[::1]:80', '[::1]:80'],
    ],
    ['127.0.0.1', ':80', 'a b:1'],
  ],
  [
    parseListenAddress,
    [
      ['unix:/run/x.sock', { path: '/run/x.sock' }],
      ['0.0.0.0:18010', { host: '0.0.0.0', port: 18_010 }],
      ['[::1]:0', { host: '::1', port: 0 }],
    ],
    ['', 'host', 'host:70000', '/run/x.sock'],
  ],
];

describe('option values', () => {
  for (const [parse, good, bad] of CASES) {
    it(`${parse.name} takes ${good.map(([text]) => text).join(', ')}`, () => {
      for (const [text, value] of good) assert.deepEqual(parse(text), value);
    });

    it(`${parse.name} refuses ${bad.map((text) => JSON.stringify(text)).join(', ')}`, () => {
      for (const text of bad) assert.throws(() => parse(text), InvalidArgumentError, text);
    });
  }
});
