import { createHooks } from "@tidings/client/react";
import type { contract } from "./tidings.js";

/** The hooks of this service, typed by its contract. */
export const { TidingsProvider, useConnectionState, useSubscription } =
  createHooks<typeof contract>();
