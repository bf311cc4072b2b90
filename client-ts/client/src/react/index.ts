/** React hooks over the client: `createHooks` makes them for one service. */

export { type SkipToken, skipToken } from "../observer.js";
export { createHooks, type Hooks } from "./hooks.js";
export type { UseSubscriptionOptions } from "./useSubscriptionOf.js";
