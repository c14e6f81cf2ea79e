/** Takes what the server logs; tests look at behaviour. */
export const quietLogger = { info: () => {}, warn: () => {}, error: () => {} };
