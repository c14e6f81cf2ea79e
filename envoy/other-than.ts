interface TrieNode {
  readonly children: Map<string, TrieNode>;
  isWord: boolean;
}

/**
 * Regular expressions (RE2 dialect: no look-ahead; to be matched against a whole
 * string) of which one matches every string that is none of `words`, and none
 * matches a word. Words hold a-z, 0-9 and '-'. Several small ones, because Envoy
 * refuses an expression whose program has more than 100 instructions.
 */
export function otherThan(words: readonly string[]): string[] {
  const root: TrieNode = { children: new Map(), isWord: false };
  for (const word of words) {
    if (!/^[a-z0-9-]+$/.test(word)) throw new Error(`cannot exclude ${JSON.stringify(word)}`);
    let node = root;
    for (const character of word) {
      const next = node.children.get(character) ?? { children: new Map(), isWord: false };
      node.children.set(character, next);
      node = next;
    }
    node.isWord = true;
  }
  const branches = [...root.children].sort(([a], [b]) => (a < b ? -1 : 1));
  return [`(?:${notFirst(root)})?`, ...branches.map(([character, child]) => character + notBelow(child))];
}

/** What may follow the prefix that leads to `node` without completing a word. */
function notBelow(node: TrieNode): string {
  const characters = [...node.children.keys()].sort();
  const deeper = characters.map((c) => c + notBelow(node.children.get(c) as TrieNode));
  const alternatives = [notFirst(node), ...deeper].join('|');
  return node.isWord ? `(?:${alternatives})` : `(?:${alternatives})?`;
}

/** Anything that does not go on from `node` along the trie. */
function notFirst(node: TrieNode): string {
  const characters = [...node.children.keys()].sort().map((character) => (character === '-' ? '\\-' : character));
  return characters.length === 0 ? '.+' : `[^${characters.join('')}].*`;
}
