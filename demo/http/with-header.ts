type Headers = Readonly<Record<string, string>>;

/** The headers of each moment and one more; the same object until they change. */
export function withHeader(headers: () => Headers, name: string, value: string): () => Headers {
  let from: Headers | null = null;
  let merged: Headers = {};
  return () => {
    const current = headers();
    if (current !== from) {
      from = current;
      merged = { ...current, [name]: value };
    }
    return merged;
  };
}
