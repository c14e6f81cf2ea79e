import type { DescField, DescFile, DescMessage } from '@bufbuild/protobuf';

/** Field numbers in google/protobuf/descriptor.proto that make up the paths of comments. */
const MESSAGE_TYPE = 4;
const FIELD = 2;

/** The comment above a message of the first level in its proto; empty without one. */
export const messageComment = (desc: DescMessage): string =>
  commentAt(desc.file, [MESSAGE_TYPE, desc.file.messages.indexOf(desc)]);

/** The comment above a field of such a message; empty without one. */
export const fieldComment = (field: DescField): string =>
  commentAt(field.parent.file, [
    MESSAGE_TYPE,
    field.parent.file.messages.indexOf(field.parent),
    FIELD,
    field.parent.fields.indexOf(field),
  ]);

const indexed = new WeakMap<DescFile, ReadonlyMap<string, string>>();

function commentAt(file: DescFile, path: readonly number[]): string {
  let comments = indexed.get(file);
  if (comments === undefined) {
    const locations = file.proto.sourceCodeInfo?.location ?? [];
    comments = new Map(locations.map((location) => [location.path.join('.'), oneLine(location.leadingComments)]));
    indexed.set(file, comments);
  }
  return comments.get(path.join('.')) ?? '';
}

const oneLine = (comment: string): string => comment.trim().replace(/\s*\n\s*/g, ' ');
