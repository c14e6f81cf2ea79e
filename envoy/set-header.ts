import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOption as HeaderValueOptionMessage,
} from '../proto/gen/envoy/config/core/v3/base.ts';

/** Sets a header to one value, whatever it was before. */
export function setHeader(key: string, value: string): HeaderValueOption {
  return HeaderValueOptionMessage.fromPartial({
    header: { key, value },
    appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  });
}
