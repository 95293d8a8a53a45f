import { CLUSTER_PLANTS } from './cluster-plants.js';
import type { Outcome } from './outcome.js';

/**
 * Plants every fault, one run after the other; answers which the checker did not find, by the harm that it must find. `run` breaks the cluster of one run by
 * one of them.
 */
export async function missedPlants(
  run: (plant: string) => Promise<Outcome>,
  say: (line: string) => void,
): Promise<string[]> {
  const missed: string[] = [];
  for (const [plant, { harm }] of Object.entries(CLUSTER_PLANTS)) {
    const { verdict, anomalies } = await run(plant);
    const codes = [...new Set(anomalies.map(({ code }) => code))];
    const isFound = codes.some((code) => harm.includes(code));
    if (!isFound) missed.push(plant);
    say(`${plant}: ${isFound ? 'found' : `not found (${verdict})`} ${codes.join(' ')}`.trimEnd());
  }
  return missed;
}
