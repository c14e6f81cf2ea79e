import assert from 'node:assert/strict';
import { type SourceFile, sourceFiles } from './source-files.ts';

interface Ban {
  readonly what: RegExp;
  /** What to do instead. */
  readonly instead: string;
  /** Which files it holds for; those that are text by nature are named here. */
  readonly where: RegExp;
  readonly except?: RegExp;
}

interface PackageLock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

const OURS = /\.(ts|js|cjs|mjs|py|sh)$|Makefile$/;
const SELF = /^tests\/tidy\//;
const host = (...parts: string[]): RegExp => new RegExp(`\\b${parts.join('\\.')}\\b`, 'i');

const BANS: readonly Ban[] = [
  { what: /\bMath\.random\b/, instead: 'take a seeded generator as an argument, or node:crypto', where: /\.ts$/ },
  {
    what: /\bDate\.now\b|\bnew Date\(\)/,
    instead: 'take a Clock (platform/clock.ts)',
    where: /\.ts$/,
    except: /^platform\/clock\.ts$/,
  },
  { what: /\b(TODO|FIXME|XXX|HACK)\b/, instead: 'do it, or write down why not', where: OURS },
  { what: /\b(it|describe|context)\.(only|skip)\(|\bthis\.skip\(/, instead: 'run every test', where: /^tests\// },
  { what: /\bas any\b|<any>/, instead: 'name the type, or unknown', where: /\.ts$/ },
  { what: /@ts-(ignore|expect-error|nocheck)/, instead: 'mend the type', where: /\.ts$/ },
  { what: /\/tmp\/wt\b|(^|[\s"'`(])\/work\/|\.\.\/shared\b/, instead: 'no paths of one machine', where: /./ },
  {
    what: /\b(issue|session|ticket) #?\d+\b|\bas requested\b|\bDEVELOPERS\.md\b|\bthe brief says\b/i,
    instead: 'the project speaks of itself alone',
    where: /./,
  },
  ...[
    host('pypi', 'org'),
    host('files', 'pythonhosted', 'org'),
    host('registry', 'npmjs', 'org'),
    host('proxy', 'golang', 'org'),
    host('deb', 'debian', 'org'),
  ].map((what) => ({ what, instead: "use the package client's own setting", where: /./ })),
];

const LINES_MAX = 400;

describe('tidy: source files', () => {
  const files = sourceFiles().filter(({ path }) => !SELF.test(path));

  it('are found', () => {
    assert.ok(files.some(({ path }) => path === 'cli/main.ts'));
    assert.ok(files.some(({ path }) => path === 'Makefile'));
  });

  for (const ban of BANS) {
    it(`hold no ${ban.what.source}: ${ban.instead}`, () => {
      assert.deepEqual(offences(files, ban), []);
    });
  }

  it(`have at most ${LINES_MAX} lines`, () => {
    const long = files.filter(
      ({ path, text }) => /\.(ts|py|cjs)$/.test(path) && text.split('\n').length > LINES_MAX + 1,
    );
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });

  it('record no download addresses in package-lock.json', () => {
    const lock = files.find(({ path }) => path === 'package-lock.json');
    assert.equal(lock?.text.includes('"resolved"'), false);
  });

  it('lock every package that some platform needs, or npm ci fails', () => {
    const lock = JSON.parse(files.find(({ path }) => path === 'package-lock.json')?.text ?? '{}') as PackageLock;
    const missing = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((name) => !(`node_modules/${name}` in lock.packages)),
    );
    assert.deepEqual(missing, []);
  });

  it('would be caught: each ban finds its own offence', () => {
    const offence: SourceFile = {
      path: 'core/x.ts',
      text: 'const a = Math.random() + Date.now(); // TODO\nconst b = a as any;\n// @ts-ignore\n// see issue #12, /tmp/wt/x\n',
    };
    const caught = BANS.filter((ban) => offences([offence], ban).length > 0).map(({ instead }) => instead);
    assert.equal(caught.length, 7);
  });
});

function offences(files: readonly SourceFile[], { what, where, except }: Ban): string[] {
  return files
    .filter(({ path }) => where.test(path) && !except?.test(path) && path !== 'package-lock.json')
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => (what.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
}
