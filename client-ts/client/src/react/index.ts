/**
 * React hooks over the client. `provider` hands the client down, `useSubscription` follows a channel,
 * `useConnectionState` tells what the connection is doing.
 */

export { type SkipToken, skipToken } from "../observer.js";
export { TidingsProvider, useClient } from "./provider.js";
export { useConnectionState } from "./useConnectionState.js";
export { type UseSubscriptionOptions, useSubscription } from "./useSubscription.js";
