// What the Node scripts share: where the simulators are, where the libraries are, and checks that say what they found.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

const sandbox = JSON.parse(readFileSync(process.env.THROUGHLINE_SANDBOX, "utf8"));
let passed = 0;

/** A library from the prepared folder. */
export const library = createRequire(join(process.env.THROUGHLINE_CLIENTS_NODE, "package.json"));

/** A simulator: baseUrl, settings, credentials. */
export function system(product) {
  return sandbox.systems[product];
}

/** Goes on when the two are equal, else ends the script. */
export function check(what, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
  }
  passed += 1;
}

/** The error that the work must end in. */
export async function rejects(what, work) {
  let answer;
  try {
    answer = await work();
  } catch (error) {
    passed += 1;
    return error;
  }
  throw new Error(`${what}: expected an error, got ${JSON.stringify(answer)}`);
}

/** Ends the script well. */
export function done() {
  console.log(`${passed} checks passed`);
}
