import { fileURLToPath } from "node:url";

const source = (path: string) => fileURLToPath(new URL(`client/src/${path}`, import.meta.url));

/**
 * Where Vite finds the packages of this workspace: their sources, under the names that users import.
 * Most specific first.
 */
export const sources = [
  { find: "@tidings/client/react", replacement: source("react/index.ts") },
  { find: "@tidings/client/tanstack-query", replacement: source("tanstack-query.ts") },
  { find: "@tidings/client", replacement: source("index.ts") },
];
