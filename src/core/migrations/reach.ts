// What a migration does beyond its own database: on a copy it would do that for real.

const words: readonly RegExp[] = [
  /\b(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER(?!\s+MAPPING)|GROUP|DATABASE|TABLESPACE|SUBSCRIPTION)\b/i,
  /\bALTER\s+SYSTEM\b/i,
  /\bREASSIGN\s+OWNED\b/i,
  /\bDROP\s+OWNED\b/i,
  // Membership in a role: rights on things are always ON something.
  /\b(?:GRANT|REVOKE)\s+(?:(?!\bON\b)[^;])*?\b(?:TO|FROM)\b(?=[^;]*(?:;|$))/i,
  /\bCOPY\b[^;]*\b(?:TO|FROM)\s+(?:PROGRAM\b|E?')/i,
  /\b(?:dblink\w*|lo_export|lo_import|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_create_\w*slot|pg_drop_replication_slot)\s*\(/i,
  /\bcron\s*\.\s*\w+\s*\(/i,
  /\bNOTIFY\s+\w/i,
  /\bpg_notify\s*\(/i,
  /\bIMPORT\s+FOREIGN\s+SCHEMA\b/i,
  /\bCREATE\s+(?:SERVER|FOREIGN\s+TABLE)\b/i,
];

/**
 * The first words in it that reach roles, other databases, files, programs or listeners; null where there are none.
 * Bodies of functions and DO blocks count: they are text to us, and are run all the same. It may find what would do no
 * harm; then nothing is tried, which costs a way down and no data.
 */
export function reachesBeyond(sql: string): string | null {
  const bare = sql.replace(/--[^\n]*/g, " ").replace(/\/\*[\s\S]*?\*\//g, " ");
  for (const one of words) {
    const [found] = one.exec(bare) ?? [];
    if (found !== undefined) return found.replace(/\s+/g, " ").trim().slice(0, 60);
  }
  return null;
}
