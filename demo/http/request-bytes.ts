/** Renders a GET for one authority; bytes are reused until `headers` returns another object. */
export function requestBytes(authority: string, headers: () => Readonly<Record<string, string>>): () => Buffer {
  let rendered: Readonly<Record<string, string>> | null = null;
  let bytes: Buffer = Buffer.alloc(0);
  return () => {
    const current = headers();
    if (current !== rendered) {
      const lines = Object.entries(current).map(([name, value]) => `${name}: ${value}\r\n`);
      bytes = Buffer.from(`GET / HTTP/1.1\r\nhost: ${authority}\r\n${lines.join('')}\r\n`, 'latin1');
      rendered = current;
    }
    return bytes;
  };
}
