import { createClient } from "@tidings/client";
import { createHooks } from "@tidings/client/react";
import { contract } from "./tidings";

/** Connects to the server that this page came from, with the first call or subscription. */
export const client = createClient({ contract });

export const { TidingsProvider, useClient, useConnectionState, useSubscription } =
  createHooks<typeof contract>();
