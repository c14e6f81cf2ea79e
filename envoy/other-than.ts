interface TrieNode {
  readonly children: Map<string, TrieNode>;
  isWord: boolean;
}

/**
 * Regular expression (RE2 dialect, no look-ahead, to be matched against a whole
 * string) for every string that is none of `words`. Words hold a-z, 0-9 and '-'.
 */
export function otherThan(words: readonly string[]): string {
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
  return notBelow(root);
}

/** What may follow the prefix that leads to `node` without completing a word. */
function notBelow(node: TrieNode): string {
  const characters = [...node.children.keys()].sort();
  const leaves = characters.length === 0 ? '.+' : `[^${characters.map((c) => (c === '-' ? '\\-' : c)).join('')}].*`;
  const deeper = characters.map((c) => c + notBelow(node.children.get(c) as TrieNode));
  const alternatives = [leaves, ...deeper].join('|');
  return node.isWord ? `(?:${alternatives})` : `(?:${alternatives})?`;
}
