-- What there is: the views and macros of main, told as PostgreSQL tells of views and functions.
-- duckdb_type (a type of DuckDB's, its PostgreSQL type and modifier) and described (a name of main and what is
-- said of it) are temporary tables, made before this runs.
INSERT INTO main.pg_namespace BY NAME
SELECT * FROM (VALUES (11, 'pg_catalog', 10), (2200, 'main', 10), (13000, 'information_schema', 10))
    AS n (oid, nspname, nspowner);

INSERT INTO main.pg_database BY NAME
SELECT
    5 AS oid, 'fabricscope' AS datname, 10 AS datdba, 6 AS encoding, 'c' AS datlocprovider,
    FALSE AS datistemplate, TRUE AS datallowconn, -1 AS datconnlimit, 1663 AS dattablespace,
    'C' AS datcollate, 'C' AS datctype;

INSERT INTO main.pg_tablespace BY NAME SELECT 1663 AS oid, 'pg_default' AS spcname, 10 AS spcowner;
INSERT INTO main.pg_am BY NAME SELECT 2 AS oid, 'heap' AS amname, 'heap_tableam_handler' AS amhandler, 't' AS amtype;
INSERT INTO main.pg_language BY NAME
SELECT 14 AS oid, 'sql' AS lanname, 10 AS lanowner, FALSE AS lanispl, TRUE AS lanpltrusted, 0 AS lanplcallfoid;
INSERT INTO main.pg_collation BY NAME
SELECT * FROM (VALUES (100, 'default'), (950, 'C'), (951, 'POSIX')) AS c (oid, collname)
CROSS JOIN (
    SELECT 11 AS collnamespace, 10 AS collowner, 'c' AS collprovider, TRUE AS collisdeterministic, -1 AS collencoding
);

-- Types a result may have, their arrays, and those that columns of the tables above have in PostgreSQL.
INSERT INTO main.pg_type BY NAME
SELECT
    oid, typname, typlen, typcategory, typelem, typarray,
    11 AS typnamespace, 10 AS typowner, typlen BETWEEN 1 AND 8 AS typbyval, typtype,
    typname IN ('bool', 'text', 'float8', 'timestamptz', 'oid') AS typispreferred, TRUE AS typisdefined,
    ',' AS typdelim, 0 AS typrelid, '-' AS typsubscript,
    CASE WHEN typelem <> 0 THEN 'array_in' ELSE typname || 'in' END AS typinput,
    CASE WHEN typelem <> 0 THEN 'array_out' ELSE typname || 'out' END AS typoutput,
    CASE WHEN typelem <> 0 THEN 'array_recv' ELSE typname || 'recv' END AS typreceive,
    CASE WHEN typelem <> 0 THEN 'array_send' ELSE typname || 'send' END AS typsend,
    '-' AS typmodin, '-' AS typmodout, '-' AS typanalyze,
    'i' AS typalign, CASE WHEN typlen < 0 THEN 'x' ELSE 'p' END AS typstorage, FALSE AS typnotnull,
    0 AS typbasetype, -1 AS typtypmod, 0 AS typndims,
    CASE WHEN typcategory = 'S' THEN 100 ELSE 0 END AS typcollation
FROM (
    SELECT oid, typname, typlen, typcategory, 0 AS typelem, typarray, typtype
    FROM (VALUES
        (16, 'bool', 1, 'B', 1000, 'b'), (17, 'bytea', -1, 'U', 1001, 'b'), (18, 'char', 1, 'Z', 1002, 'b'),
        (19, 'name', 64, 'S', 1003, 'b'), (20, 'int8', 8, 'N', 1016, 'b'), (21, 'int2', 2, 'N', 1005, 'b'),
        (23, 'int4', 4, 'N', 1007, 'b'), (24, 'regproc', 4, 'N', 1008, 'b'), (25, 'text', -1, 'S', 1009, 'b'),
        (26, 'oid', 4, 'N', 1028, 'b'), (114, 'json', -1, 'U', 199, 'b'), (700, 'float4', 4, 'N', 1021, 'b'),
        (701, 'float8', 8, 'N', 1022, 'b'), (705, 'unknown', -2, 'X', 0, 'p'), (1042, 'bpchar', -1, 'S', 1014, 'b'),
        (1043, 'varchar', -1, 'S', 1015, 'b'), (1082, 'date', 4, 'D', 1182, 'b'), (1083, 'time', 8, 'D', 1183, 'b'),
        (1114, 'timestamp', 8, 'D', 1115, 'b'), (1184, 'timestamptz', 8, 'D', 1185, 'b'),
        (1186, 'interval', 16, 'T', 1187, 'b'), (1700, 'numeric', -1, 'N', 1231, 'b'),
        (2205, 'regclass', 4, 'N', 2210, 'b'), (2206, 'regtype', 4, 'N', 2211, 'b'), (2249, 'record', -1, 'P', 2287, 'p'),
        (2276, 'any', 4, 'P', 0, 'p'), (2278, 'void', 4, 'P', 0, 'p'), (2950, 'uuid', 16, 'U', 2951, 'b')
    ) AS t (oid, typname, typlen, typcategory, typarray, typtype)
    UNION ALL
    SELECT oid, '_' || typname, -1, 'A', typelem, 0, 'b'
    FROM (VALUES
        (1000, 'bool', 16), (1001, 'bytea', 17), (1002, 'char', 18), (1003, 'name', 19), (1016, 'int8', 20),
        (1005, 'int2', 21), (1007, 'int4', 23), (1008, 'regproc', 24), (1009, 'text', 25), (1028, 'oid', 26),
        (199, 'json', 114), (1021, 'float4', 700), (1022, 'float8', 701), (1014, 'bpchar', 1042),
        (1015, 'varchar', 1043), (1182, 'date', 1082), (1183, 'time', 1083), (1115, 'timestamp', 1114),
        (1185, 'timestamptz', 1184), (1187, 'interval', 1186), (1231, 'numeric', 1700), (2210, 'regclass', 2205),
        (2211, 'regtype', 2206), (2951, 'uuid', 2950)
    ) AS t (oid, typname, typelem)
);

-- 1259, 1247 and their like: the numbers by which descriptions and dependencies name catalogs.
INSERT INTO main.pg_class BY NAME
SELECT
    oid, relname, relnamespace, relkind, relnatts, 0 AS reltype, 0 AS reloftype, 10 AS relowner,
    CASE WHEN relkind = 'r' THEN 2 ELSE 0 END AS relam, 0 AS relfilenode, 0 AS reltablespace, 0 AS relpages,
    -1 AS reltuples, 0 AS relallvisible, 0 AS reltoastrelid, FALSE AS relhasindex, FALSE AS relisshared,
    'p' AS relpersistence, 0 AS relchecks, relkind = 'v' AS relhasrules, FALSE AS relhastriggers,
    FALSE AS relhassubclass, FALSE AS relrowsecurity, FALSE AS relforcerowsecurity, TRUE AS relispopulated,
    'n' AS relreplident, FALSE AS relispartition, 0 AS relrewrite, 0 AS relfrozenxid, 0 AS relminmxid
FROM (
    SELECT
        16383 + row_number() OVER (ORDER BY view_name) AS oid, view_name AS relname, 2200 AS relnamespace,
        'v' AS relkind, column_count AS relnatts
    FROM duckdb_views()
    WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
    UNION ALL
    SELECT
        coalesce(known.oid, 12000 + row_number() OVER (ORDER BY schema_name, table_name)) AS oid, table_name,
        CASE schema_name WHEN 'main' THEN 11 ELSE 13000 END AS relnamespace,
        CASE schema_name WHEN 'main' THEN 'r' ELSE 'v' END AS relkind, column_count
    FROM duckdb_tables()
    LEFT JOIN (VALUES
        ('pg_class', 1259), ('pg_type', 1247), ('pg_attribute', 1249), ('pg_proc', 1255), ('pg_database', 1262),
        ('pg_namespace', 2615), ('pg_constraint', 2606), ('pg_rewrite', 2618), ('pg_trigger', 2620),
        ('pg_extension', 3079), ('pg_tablespace', 1213), ('pg_am', 2601), ('pg_language', 2612),
        ('pg_collation', 3456)
    ) AS known (name, oid) ON known.name = table_name
    WHERE database_name = current_database() AND schema_name IN ('main', 'information')
);

INSERT INTO main.pg_attribute BY NAME
SELECT
    c.oid AS attrelid, d.column_name AS attname, coalesce(known.oid, 25) AS atttypid, -1 AS attstattarget,
    coalesce(t.typlen, -1) AS attlen, d.column_index AS attnum,
    CASE WHEN t.typelem <> 0 THEN 1 ELSE 0 END AS attndims, -1 AS attcacheoff,
    coalesce(known.modifier, -1) AS atttypmod, t.typbyval AS attbyval, 'i' AS attalign, t.typstorage AS attstorage,
    '' AS attcompression, FALSE AS attnotnull, FALSE AS atthasdef, FALSE AS atthasmissing, '' AS attidentity,
    '' AS attgenerated, FALSE AS attisdropped, TRUE AS attislocal, 0 AS attinhcount,
    coalesce(t.typcollation, 0) AS attcollation
FROM duckdb_columns() AS d
JOIN main.pg_class AS c
    ON c.relname = d.table_name
    AND c.relnamespace = CASE
        WHEN d.schema_name = 'information' THEN 13000
        WHEN starts_with(d.table_name, 'pg_') THEN 11
        ELSE 2200
    END
LEFT JOIN duckdb_type AS known ON known.name = d.data_type
LEFT JOIN main.pg_type AS t ON t.oid = coalesce(known.oid, 25)
WHERE d.database_name = current_database() AND d.schema_name IN ('main', 'information');

INSERT INTO main.pg_proc BY NAME
SELECT
    14000 + row_number() OVER (ORDER BY function_name, len(parameters)) AS oid, function_name AS proname,
    2200 AS pronamespace, 10 AS proowner, 14 AS prolang, 1 AS procost,
    CASE function_type WHEN 'table_macro' THEN 1000 ELSE 0 END AS prorows, 0 AS provariadic, '-' AS prosupport,
    'f' AS prokind, FALSE AS prosecdef, FALSE AS proleakproof, FALSE AS proisstrict,
    function_type = 'table_macro' AS proretset, 's' AS provolatile, 's' AS proparallel,
    len(parameters) AS pronargs, 0 AS pronargdefaults,
    CASE function_type WHEN 'table_macro' THEN 2249 ELSE 25 END AS prorettype,
    array_to_string(list_transform(parameters, lambda p: 2276), ' ') AS proargtypes, parameters AS proargnames,
    macro_definition AS prosrc
FROM duckdb_functions()
WHERE database_name = current_database() AND schema_name = 'main' AND function_type IN ('macro', 'table_macro');

INSERT INTO main.pg_views BY NAME
SELECT
    'main' AS schemaname, view_name AS viewname, 'fabricscope' AS viewowner,
    regexp_extract(sql, '(?s)^CREATE VIEW .*? AS (.*)$', 1) AS definition
FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal;

INSERT INTO main.pg_tables BY NAME
SELECT
    CASE relnamespace WHEN 11 THEN 'pg_catalog' ELSE 'information_schema' END AS schemaname,
    relname AS tablename, 'fabricscope' AS tableowner, FALSE AS hasindexes, FALSE AS hasrules,
    FALSE AS hastriggers, FALSE AS rowsecurity
FROM main.pg_class
WHERE relkind = 'r';

INSERT INTO main.pg_rewrite BY NAME
SELECT
    oid + 100000 AS oid, '_RETURN' AS rulename, oid AS ev_class, '1' AS ev_type, 'O' AS ev_enabled, TRUE AS is_instead
FROM main.pg_class
WHERE relnamespace = 2200;

INSERT INTO main.pg_description BY NAME
SELECT c.oid AS objoid, 1259 AS classoid, 0 AS objsubid, d.said AS description
FROM described AS d
JOIN main.pg_class AS c ON c.relname = d.name AND c.relnamespace = 2200
UNION ALL
SELECT p.oid, 1255, 0, d.said
FROM described AS d
JOIN main.pg_proc AS p ON p.proname = d.name
UNION ALL
SELECT 2200, 2615, 0, 'what the store holds, for reading';

INSERT INTO information.schemata BY NAME
SELECT 'fabricscope' AS catalog_name, nspname AS schema_name, 'fabricscope' AS schema_owner FROM main.pg_namespace;

INSERT INTO information.information_schema_catalog_name VALUES ('fabricscope');

INSERT INTO information.tables BY NAME
SELECT
    'fabricscope' AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
    CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type, 'NO' AS is_insertable_into,
    'NO' AS is_typed
FROM main.pg_class AS c
JOIN main.pg_namespace AS n ON n.oid = c.relnamespace;

INSERT INTO information.views BY NAME
SELECT
    'fabricscope' AS table_catalog, schemaname AS table_schema, viewname AS table_name,
    definition AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable, 'NO' AS is_insertable_into,
    'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable, 'NO' AS is_trigger_insertable_into
FROM main.pg_views;

INSERT INTO information.routines BY NAME
SELECT
    'fabricscope' AS specific_catalog, 'main' AS specific_schema, proname || '_' || oid AS specific_name,
    'fabricscope' AS routine_catalog, 'main' AS routine_schema, proname AS routine_name,
    'FUNCTION' AS routine_type, CASE WHEN proretset THEN 'record' ELSE 'text' END AS data_type,
    'SQL' AS routine_body, prosrc AS routine_definition, 'SQL' AS external_language
FROM main.pg_proc;

INSERT INTO information.parameters BY NAME
SELECT
    'fabricscope' AS specific_catalog, 'main' AS specific_schema, proname || '_' || oid AS specific_name,
    generate_subscripts(proargnames, 1) AS ordinal_position, 'IN' AS parameter_mode, 'NO' AS is_result,
    'NO' AS as_locator, unnest(proargnames) AS parameter_name, '"any"' AS data_type
FROM main.pg_proc;
