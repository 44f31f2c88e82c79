// One query for all that makes up a schema, in the words of the server itself: definitions that it would take again.

/** $1: oid of the tool's table (0: none), $3: its schema (null: the public one); $2: schemas that are not the app's. `search_path` is empty. */
export const CATALOG = `
WITH spaces AS (
  SELECT oid, nspname AS bare, quote_ident(nspname) AS name FROM pg_namespace
  WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' AND nspname <> ALL ($2::text[])
), relations AS (
  SELECT c.*, s.bare AS space, s.name || '.' || quote_ident(c.relname) AS name,
    CASE s.bare WHEN 'public' THEN '' ELSE s.bare::text || '.' END || c.relname::text AS said
  FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
  WHERE c.oid <> $1::oid AND c.relpersistence <> 't' AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND (d.deptype = 'e' OR (d.deptype IN ('a', 'i') AND d.refobjid = $1::oid)))
), tables AS (
  SELECT * FROM relations WHERE relkind IN ('r', 'p', 'f')
), types AS (
  SELECT t.*, s.bare AS space, s.name || '.' || quote_ident(t.typname) AS name
  FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
), items AS (
  SELECT 'schema' AS kind, oid::text AS key, '' AS of, name, '' AS def, '' AS shape, json_build_object('bare', bare) AS data
  FROM spaces WHERE bare IS DISTINCT FROM $3::text
UNION ALL
  SELECT 'extension', oid::text, '', quote_ident(extname), extversion, extversion, json_build_object('create',
    format('CREATE EXTENSION IF NOT EXISTS %I VERSION %L', extname, extversion))
  FROM pg_extension
UNION ALL
  SELECT 'enum', t.oid::text, '', t.name, labels.said, labels.said,
    json_build_object('space', t.space, 'bare', t.typname, 'labels', labels.list)
  FROM types t, LATERAL (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) AS said,
    json_agg(json_build_object('oid', oid::text, 'label', enumlabel) ORDER BY enumsortorder) AS list
    FROM pg_enum WHERE enumtypid = t.oid) labels WHERE t.typtype = 'e'
UNION ALL
  SELECT 'domain', t.oid::text, '', t.name, d.said, format_type(t.typbasetype, t.typtypmod),
    json_build_object('space', t.space, 'bare', t.typname, 'create', 'CREATE DOMAIN ' || t.name || ' AS ' || d.said)
  FROM types t, LATERAL (SELECT format_type(t.typbasetype, t.typtypmod) || coalesce(' DEFAULT ' || t.typdefault, '')
    || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END || coalesce((SELECT string_agg(
      format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), '' ORDER BY conname)
      FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'), '') AS said) d WHERE t.typtype = 'd'
UNION ALL
  SELECT 'composite', t.oid::text, '', t.name, d.said, d.said,
    json_build_object('space', t.space, 'bare', t.typname, 'create', 'CREATE TYPE ' || t.name || ' AS (' || d.said || ')')
  FROM types t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c', LATERAL (
    SELECT coalesce(string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum), '') AS said
    FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) d
UNION ALL
  SELECT 'sequence', c.oid::text, '', c.name, d.said || coalesce(' of ' || o.said, ''), d.said,
    json_build_object('space', c.space, 'bare', c.relname, 'create', 'CREATE SEQUENCE ' || c.name || d.said,
      'ownedBy', o.said)
  FROM relations c JOIN pg_sequence q ON q.seqrelid = c.oid LEFT JOIN LATERAL (
    SELECT t.name || '.' || quote_ident(a.attname) AS said FROM pg_depend d JOIN tables t ON t.oid = d.refobjid
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a') o ON true, LATERAL (
    SELECT format(' AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s', format_type(q.seqtypid, NULL),
      q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END) AS said) d
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
UNION ALL
  SELECT 'table', c.oid::text, '', c.name, concat_ws(' ', d.said, c.relreplident, c.reloptions, pg_get_userbyid(c.relowner)), d.said, json_build_object('space', c.space, 'bare', c.relname,
    'said', c.said, 'kind', c.relkind, 'unlogged', c.relpersistence = 'u',
    'partitionBy', CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
    'partitionOf', (SELECT p.name FROM pg_inherits i JOIN relations p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid),
    'bound', pg_get_expr(c.relpartbound, c.oid), 'secured', c.relrowsecurity, 'forced', c.relforcerowsecurity)
  FROM tables c, LATERAL (SELECT concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END, pg_get_expr(c.relpartbound, c.oid)) AS said) d
UNION ALL
  SELECT 'column', c.oid || '/' || a.attnum, c.oid::text, c.name || '.' || quote_ident(a.attname), d.said::text, d.said::text, d.said
  FROM tables c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attinhcount = 0
    LEFT JOIN pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum JOIN pg_type y ON y.oid = a.atttypid, LATERAL (
    SELECT json_build_object('column', quote_ident(a.attname), 'bare', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'enum', (SELECT e.name FROM types e WHERE e.typtype = 'e' AND e.oid IN (a.atttypid, y.typelem)),
      'notNull', a.attnotnull, 'default', CASE a.attgenerated WHEN '' THEN pg_get_expr(f.adbin, f.adrelid) END,
      'generated', CASE a.attgenerated WHEN '' THEN NULL ELSE pg_get_expr(f.adbin, f.adrelid) END, 'virtual', a.attgenerated = 'v', 'identity', a.attidentity, 'acl', a.attacl::text,
      'storage', CASE WHEN a.attstorage <> y.typstorage THEN a.attstorage END,
      'collation', (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l
        JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation AND a.attcollation <> y.typcollation)) AS said) d
UNION ALL
  SELECT 'constraint', k.oid::text, c.oid::text, c.name || '.' || quote_ident(k.conname), pg_get_constraintdef(k.oid),
    CASE k.contype WHEN 'c' THEN 'check' ELSE pg_get_constraintdef(k.oid) END, json_build_object('bare', k.conname, 'type', k.contype,
    'columns', (SELECT json_agg(quote_ident(a.attname) ORDER BY e.at) FROM unnest(k.conkey) WITH ORDINALITY e(num, at)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.num))
  FROM pg_constraint k JOIN tables c ON c.oid = k.conrelid
  WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND k.conparentid = 0 AND k.coninhcount = 0
UNION ALL
  SELECT 'index', x.oid::text, c.oid::text, x.name, pg_get_indexdef(x.oid),
    CASE WHEN i.indpred IS NULL AND i.indexprs IS NULL THEN pg_get_indexdef(x.oid) ELSE 'of expressions' END,
    json_build_object('space', x.space, 'bare', x.relname)
  FROM relations x JOIN pg_index i ON i.indexrelid = x.oid JOIN relations c ON c.oid = i.indrelid AND c.relkind IN ('r', 'p', 'm')
  WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = x.oid)
UNION ALL
  SELECT 'view', c.oid::text, '', c.name, pg_get_viewdef(c.oid), c.relkind::text, json_build_object('space', c.space, 'bare', c.relname,
    'kind', c.relkind, 'options', array_to_string(c.reloptions, ', '))
  FROM relations c WHERE c.relkind IN ('v', 'm')
UNION ALL
  SELECT 'function', p.oid::text, '', f.name, CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END, md5(p.prosrc),
    json_build_object('space', s.bare, 'bare', p.proname, 'kind', p.prokind)
  FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace, LATERAL (
    SELECT format('%s.%I(%s)', s.name, p.proname, pg_get_function_identity_arguments(p.oid)) AS name) f
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
  SELECT 'trigger', t.oid::text, c.oid::text, c.name || '.' || quote_ident(t.tgname), pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text,
    t.tgenabled::text, json_build_object('create', pg_get_triggerdef(t.oid), 'drop', format('DROP TRIGGER %I ON %s', t.tgname, c.name),
    'enabled', t.tgenabled)
  FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
  SELECT 'policy', p.oid::text, c.oid::text, c.name || '.' || quote_ident(p.polname), d.said, '', json_build_object(
    'create', format('CREATE POLICY %I ON %s', p.polname, c.name) || d.said, 'drop', format('DROP POLICY %I ON %s', p.polname, c.name))
  FROM pg_policy p JOIN tables c ON c.oid = p.polrelid, LATERAL (SELECT CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
    || ' FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
    || ' TO ' || (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM unnest(p.polroles) r)
    || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') AS said) d
UNION ALL
  SELECT 'grant', c.oid || '/' || g.grantee || '/' || g.privilege_type, c.oid::text, d.said || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END,
    '', '', json_build_object('create', 'GRANT ' || d.said || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END,
    'drop', 'REVOKE ' || replace(d.said, ' TO ', ' FROM '))
  FROM relations c, aclexplode(c.relacl) g, LATERAL (SELECT format('%s ON %s%s TO %s', g.privilege_type,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, c.name,
    CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END) AS said) d WHERE g.grantee <> c.relowner
UNION ALL
  SELECT 'comment', c.oid || '/' || e.objsubid, c.oid::text, d.said, e.description, e.description,
    json_build_object('create', format('COMMENT ON %s IS %L', d.said, e.description), 'drop', format('COMMENT ON %s IS NULL', d.said))
  FROM pg_description e JOIN tables c ON c.oid = e.objoid AND e.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.objsubid AND e.objsubid > 0, LATERAL (
    SELECT CASE e.objsubid WHEN 0 THEN 'TABLE ' || c.name ELSE 'COLUMN ' || c.name || '.' || quote_ident(a.attname) END AS said) d
UNION ALL
  SELECT 'other', o.oid || '/' || o.of::oid, '', i.type || ' ' || i.identity, coalesce(o.def, ''), '', '{}'
  FROM (SELECT 'pg_rewrite'::regclass AS of, oid, pg_get_ruledef(oid) AS def FROM pg_rewrite WHERE rulename <> '_RETURN'
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtenabled::text FROM pg_event_trigger
    UNION ALL SELECT 'pg_publication'::regclass, oid, NULL FROM pg_publication
    UNION ALL SELECT 'pg_operator'::regclass, oid, NULL FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid, NULL FROM pg_opclass
    UNION ALL SELECT 'pg_cast'::regclass, oid, NULL FROM pg_cast
    UNION ALL SELECT 'pg_collation'::regclass, oid, NULL FROM pg_collation
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, NULL FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, NULL FROM pg_ts_dict
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, NULL FROM pg_foreign_server
    UNION ALL SELECT 'pg_default_acl'::regclass, oid, defaclacl::text FROM pg_default_acl) o,
    LATERAL pg_identify_object(o.of, o.oid, 0) i
  WHERE o.oid >= 16384 AND (i.schema IS NULL OR i.schema <> ALL ($2::text[]))
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.of AND d.objid = o.oid AND d.deptype = 'e')
)
SELECT * FROM items ORDER BY kind, split_part(key, '/', 1)::bigint, key`;
