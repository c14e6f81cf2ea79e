import { sign } from 'node:crypto';
import { issueToken, type TokenContent } from '../../core/token/issue-token.ts';
import type { SigningKey } from '../state/signing-key.ts';

/** The capacity token of one grant, signed with the key of this replica. */
export const signToken = ({ kid, privateKey }: SigningKey, content: TokenContent): string =>
  issueToken(content, { kid, sign: (input) => sign(null, Buffer.from(input), privateKey) });
