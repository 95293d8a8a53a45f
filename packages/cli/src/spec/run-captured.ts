import { runProgram } from '../program.js';

/** Runs the `postlog` command in this process; what it printed, and its exit code. */
export async function runCaptured(argv: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  let out = '';
  let error = '';
  const output = { out: (text: string) => (out += text), error: (text: string) => (error += text) };
  const code = await runProgram([...argv], output);
  return { code, out, error };
}
