// Results files by scenario: replications of one scenario are one side.
export function groups(results) {
  const found = new Map();
  for (const one of results) {
    if (one.fault) continue;
    const key = one.sha256;
    if (!found.has(key)) found.set(key, { key, scenario: one.scenario, title: one.title, files: [], seen: new Set() });
    const group = found.get(key);
    const run = `${one.seed}/${one.replication}`;
    if (!group.seen.has(run)) { group.seen.add(run); group.files.push(one.file); }
  }
  return [...found.values()];
}
