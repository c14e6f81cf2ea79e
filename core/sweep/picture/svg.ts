/** Builders of SVG text. Sizes and places are in pixels, y grows downwards. */

type Attributes = Readonly<Record<string, string | number>>;

/** An element; its content is SVG already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`;
}

/** Words at a place, escaped. */
export const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x: rounded(x), y: rounded(y), ...attributes }, escaped(content));

/** A rectangle by its upper left corner and its size. */
export const rect = (x: number, y: number, width: number, height: number, attributes: Attributes = {}): string =>
  element('rect', { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height), ...attributes });

/** Elements that share attributes. */
export const group = (attributes: Attributes, children: readonly string[]): string =>
  element('g', attributes, `\n${children.join('\n')}\n`);

const rounded = (pixels: number): number => Number(pixels.toFixed(2));

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
