type Headers = Readonly<Record<string, string>>;

/** Renders a GET for one authority with `more` headers that never change; bytes are reused until `headers` returns another object. */
export function requestBytes(authority: string, headers: () => Headers, more: Headers = {}): () => Buffer {
  let rendered: Headers | null = null;
  let bytes: Buffer = Buffer.alloc(0);
  return () => {
    const current = headers();
    if (current !== rendered) {
      const lines = Object.entries({ ...current, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
      bytes = Buffer.from(`GET / HTTP/1.1\r\nhost: ${authority}\r\n${lines.join('')}\r\n`, 'latin1');
      rendered = current;
    }
    return bytes;
  };
}
