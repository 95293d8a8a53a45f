import { runProgram } from './program.js';

// A reader that goes away early (`postlog topics list | head -1`) is no error.
process.stdout.on('error', () => process.exit(0));
process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
