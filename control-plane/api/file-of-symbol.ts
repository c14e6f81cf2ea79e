import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import { messageRegistry } from '../../platform/message-registry.ts';

type Desc = DescMessage | DescEnum | DescExtension | DescService;

/** The file that declares a message, enum, service or extension, or one of their fields, values or methods. */
export function fileOfSymbol(symbol: string): DescFile | undefined {
  const registry = messageRegistry();
  const declared: Desc | undefined = registry.get(symbol);
  if (declared !== undefined) return declared.file;
  const dot = symbol.lastIndexOf('.');
  const [scope, name] = [symbol.slice(0, Math.max(0, dot)), symbol.slice(dot + 1)];
  const parent: Desc | undefined = registry.get(scope);
  if (parent !== undefined && membersOf(parent).includes(name)) return parent.file;
  // Values of an enum stand beside it, not in it.
  const isBeside = (each: Desc): each is DescEnum => each.kind === 'enum' && scopeOf(each) === scope;
  return [...registry].filter(isBeside).find(({ values }) => values.some((value) => value.name === name))?.file;
}

function membersOf(desc: Desc): readonly string[] {
  switch (desc.kind) {
    case 'message':
      return [...desc.fields, ...desc.oneofs].map(({ name }) => name);
    case 'service':
      return desc.methods.map(({ name }) => name);
    case 'enum':
    case 'extension':
      return [];
  }
}

const scopeOf = ({ typeName }: DescEnum): string => typeName.slice(0, Math.max(0, typeName.lastIndexOf('.')));
