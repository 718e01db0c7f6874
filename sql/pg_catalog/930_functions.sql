-- Functions of PostgreSQL's that clients call and DuckDB lacks or answers otherwise, as macros in main, which
-- is looked in before DuckDB's own. rel_oid and its like are what casts to regclass and its like are changed to.
CREATE TYPE main.name AS VARCHAR;
CREATE TYPE main.regclass AS VARCHAR;
CREATE TYPE main.regtype AS VARCHAR;
CREATE TYPE main.regproc AS VARCHAR;
CREATE TYPE main.regnamespace AS VARCHAR;
CREATE TYPE main.regrole AS VARCHAR;
CREATE TYPE main.aclitem AS VARCHAR;
CREATE TYPE main.xid AS INTEGER;
CREATE TYPE main.cstring AS VARCHAR;

CREATE MACRO main.version() AS 'PostgreSQL 15.0 (fabricscope, read-only)';
CREATE MACRO main.current_database() AS 'fabricscope';
CREATE MACRO main.current_catalog() AS 'fabricscope';
CREATE MACRO main.current_schema() AS 'main';
CREATE MACRO main.current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog', 'main'] ELSE ['main'] END;
CREATE MACRO main.current_user() AS coalesce(getvariable('pg_user'), 'fabricscope');
CREATE MACRO main.session_user() AS coalesce(getvariable('pg_user'), 'fabricscope');
CREATE MACRO main.current_role() AS coalesce(getvariable('pg_user'), 'fabricscope');
CREATE MACRO main.user() AS coalesce(getvariable('pg_user'), 'fabricscope');
CREATE MACRO main.pg_backend_pid() AS 0;
CREATE MACRO main.pg_is_in_recovery() AS FALSE;
CREATE MACRO main.pg_advisory_unlock_all() AS NULL::VARCHAR;
CREATE MACRO main.clock_timestamp() AS now();
CREATE MACRO main.statement_timestamp() AS now();

-- One owner, who can't log in, and whoever asks.
CREATE VIEW main.pg_roles AS
SELECT
    rolname, FALSE AS rolsuper, TRUE AS rolinherit, FALSE AS rolcreaterole, FALSE AS rolcreatedb,
    oid <> 10 AS rolcanlogin, FALSE AS rolreplication, -1 AS rolconnlimit, '********' AS rolpassword,
    NULL::TIMESTAMPTZ AS rolvaliduntil, FALSE AS rolbypassrls, NULL::VARCHAR[] AS rolconfig, oid::INTEGER AS oid
FROM (SELECT 'fabricscope' AS rolname, 10 AS oid UNION SELECT current_user(), 16000 WHERE current_user() <> 'fabricscope');
CREATE VIEW main.pg_user AS
SELECT
    rolname AS usename, oid AS usesysid, FALSE AS usecreatedb, FALSE AS usesuper, FALSE AS userepl,
    FALSE AS usebypassrls, rolpassword AS passwd, rolvaliduntil AS valuntil, rolconfig AS useconfig
FROM main.pg_roles
WHERE rolcanlogin;

CREATE MACRO main.set_config(of_name, to_value, is_local) AS to_value;
CREATE MACRO main.pg_show_all_settings() AS TABLE FROM main.pg_settings;

CREATE MACRO main.pg_get_userbyid(of_oid) AS
CASE WHEN of_oid = 10 THEN 'fabricscope' WHEN of_oid = 16000 THEN current_user()
    ELSE concat('unknown (OID=', of_oid, ')') END;
CREATE MACRO main.pg_encoding_to_char(encoding) AS CASE encoding WHEN 6 THEN 'UTF8' ELSE '' END;
CREATE MACRO main.pg_char_to_encoding(of_name) AS CASE WHEN of_name IN ('UTF8', 'UTF-8', 'utf8') THEN 6 ELSE -1 END;
CREATE MACRO main.getdatabaseencoding() AS 'UTF8';
CREATE MACRO main.pg_client_encoding() AS 'UTF8';
CREATE MACRO main.pg_tablespace_location(of_oid) AS '';

CREATE MACRO main.quote_ident(of_name) AS CASE
    WHEN regexp_full_match(of_name, '[a-z_][a-z0-9_$]*') THEN of_name
    ELSE concat('"', replace(of_name, '"', '""'), '"')
END;
CREATE MACRO main.quote_literal(of_text) AS concat('''', replace(of_text::VARCHAR, '''', ''''''), '''');
CREATE MACRO main.quote_nullable(of_text) AS coalesce(concat('''', replace(of_text::VARCHAR, '''', ''''''), ''''), 'NULL');
CREATE MACRO main.parse_ident(of_name) AS
list_transform(
    regexp_extract_all(of_name, '"(?:[^"]|"")+"|[^".]+'),
    lambda part: CASE
        WHEN starts_with(part, '"') THEN replace(part[2:-2], '""', '"')
        ELSE lower(trim(part))
    END
);

CREATE MACRO main.format_type(of_oid, modifier) AS
concat(
    MAP {
        16: 'boolean', 17: 'bytea', 18: '"char"', 19: 'name', 20: 'bigint', 21: 'smallint', 23: 'integer',
        24: 'regproc', 25: 'text', 26: 'oid', 114: 'json', 700: 'real', 701: 'double precision', 705: 'unknown',
        1042: 'character', 1043: 'character varying', 1082: 'date', 1083: 'time without time zone',
        1114: 'timestamp without time zone', 1184: 'timestamp with time zone', 1186: 'interval', 1700: 'numeric',
        2205: 'regclass', 2206: 'regtype', 2249: 'record', 2276: '"any"', 2278: 'void', 2950: 'uuid',
        1000: 'boolean[]', 1001: 'bytea[]', 1002: '"char"[]', 1003: 'name[]', 1016: 'bigint[]', 1005: 'smallint[]',
        1007: 'integer[]', 1008: 'regproc[]', 1009: 'text[]', 1028: 'oid[]', 199: 'json[]', 1021: 'real[]',
        1022: 'double precision[]', 1014: 'character[]', 1015: 'character varying[]', 1182: 'date[]',
        1183: 'time without time zone[]', 1115: 'timestamp without time zone[]',
        1185: 'timestamp with time zone[]', 1187: 'interval[]', 1231: 'numeric[]', 2210: 'regclass[]',
        2211: 'regtype[]', 2951: 'uuid[]'
    }[of_oid::INTEGER],
    CASE
        WHEN of_oid = 1700 AND modifier >= 4
        THEN concat('(', (modifier::INTEGER - 4) >> 16, ',', (modifier::INTEGER - 4) & 65535, ')')
        WHEN of_oid IN (1042, 1043) AND modifier >= 4 THEN concat('(', modifier::INTEGER - 4, ')')
        WHEN of_oid IS NULL THEN NULL
        ELSE ''
    END
);

CREATE MACRO main.rel_oid(of_name) AS coalesce(
    try_cast(of_name AS INTEGER),
    (
        SELECT in_class.oid FROM main.pg_class AS in_class JOIN main.pg_namespace AS in_space ON in_space.oid = in_class.relnamespace
        WHERE in_class.relname = parse_ident(of_name::VARCHAR)[-1]
            AND (len(parse_ident(of_name::VARCHAR)) = 1 OR in_space.nspname = parse_ident(of_name::VARCHAR)[-2])
        ORDER BY in_space.oid <> 11, in_space.oid LIMIT 1
    ),
    error(concat('relation "', of_name, '" does not exist'))
);
CREATE MACRO main.to_regclass(of_name) AS (
    SELECT in_class.oid FROM main.pg_class AS in_class JOIN main.pg_namespace AS in_space ON in_space.oid = in_class.relnamespace
    WHERE in_class.relname = parse_ident(of_name::VARCHAR)[-1]
        AND (len(parse_ident(of_name::VARCHAR)) = 1 OR in_space.nspname = parse_ident(of_name::VARCHAR)[-2])
    ORDER BY in_space.oid <> 11, in_space.oid LIMIT 1
);
CREATE MACRO main.rel_txt(of_oid) AS coalesce(
    (
        SELECT CASE in_class.relnamespace WHEN 13000 THEN 'information_schema.' ELSE '' END || quote_ident(in_class.relname)
        FROM main.pg_class AS in_class WHERE in_class.oid::VARCHAR = of_oid::VARCHAR
    ),
    of_oid::VARCHAR
);
CREATE MACRO main.typ_txt(of_oid) AS coalesce(format_type(try_cast(of_oid AS INTEGER), NULL), of_oid::VARCHAR);
CREATE MACRO main.typ_oid(of_name) AS coalesce(try_cast(of_name AS INTEGER), (
    SELECT in_type.oid FROM main.pg_type AS in_type
    WHERE in_type.typname = parse_ident(of_name::VARCHAR)[-1] OR format_type(in_type.oid, NULL) = of_name::VARCHAR
    ORDER BY in_type.oid LIMIT 1
));
CREATE MACRO main.to_regtype(of_name) AS (
    SELECT in_type.oid FROM main.pg_type AS in_type
    WHERE in_type.typname = parse_ident(of_name::VARCHAR)[-1] OR format_type(in_type.oid, NULL) = of_name::VARCHAR
    ORDER BY in_type.oid LIMIT 1
);
CREATE MACRO main.prc_txt(of_name) AS regexp_replace(of_name::VARCHAR, '^pg_catalog\.', '');
CREATE MACRO main.prc_oid(of_name) AS coalesce(try_cast(of_name AS INTEGER), (
    SELECT min(in_proc.oid) FROM main.pg_proc AS in_proc WHERE in_proc.proname = parse_ident(of_name::VARCHAR)[-1]
), error(concat('function "', of_name, '" does not exist')));
CREATE MACRO main.nsp_txt(of_oid) AS (
    SELECT in_space.nspname FROM main.pg_namespace AS in_space WHERE in_space.oid::VARCHAR = of_oid::VARCHAR
);
CREATE MACRO main.nsp_oid(of_name) AS (
    SELECT in_space.oid FROM main.pg_namespace AS in_space WHERE in_space.nspname = parse_ident(of_name::VARCHAR)[1]
);
CREATE MACRO main.rol_txt(of_oid) AS pg_get_userbyid(try_cast(of_oid AS INTEGER));
CREATE MACRO main.rol_oid(of_name) AS (
    SELECT in_role.oid FROM main.pg_roles AS in_role WHERE in_role.rolname = parse_ident(of_name::VARCHAR)[1]
);

CREATE MACRO main.obj_description(of_oid, catalog_name) AS (
    SELECT any_value(in_note.description) FROM main.pg_description AS in_note
    JOIN main.pg_class AS in_kind ON in_kind.oid = in_note.classoid AND in_kind.relname = catalog_name AND in_kind.relnamespace = 11
    WHERE in_note.objoid = of_oid AND in_note.objsubid = 0
), (of_oid) AS (
    SELECT any_value(in_note.description) FROM main.pg_description AS in_note WHERE in_note.objoid = of_oid AND in_note.objsubid = 0
);
CREATE MACRO main.col_description(of_oid, of_column) AS (
    SELECT any_value(in_note.description) FROM main.pg_description AS in_note
    WHERE in_note.objoid = of_oid AND in_note.objsubid = of_column AND in_note.classoid = 1259
);
CREATE MACRO main.pg_get_viewdef(of_oid) AS (
    SELECT any_value(in_view.definition) FROM main.pg_views AS in_view
    JOIN main.pg_class AS in_class ON in_class.relname = in_view.viewname AND in_class.relnamespace = 2200 WHERE in_class.oid = of_oid
), (of_oid, pretty) AS (
    SELECT any_value(in_view.definition) FROM main.pg_views AS in_view
    JOIN main.pg_class AS in_class ON in_class.relname = in_view.viewname AND in_class.relnamespace = 2200 WHERE in_class.oid = of_oid
);
CREATE MACRO main.pg_get_function_result(of_oid) AS (
    SELECT CASE WHEN in_proc.proretset THEN 'SETOF record' ELSE '"any"' END FROM main.pg_proc AS in_proc WHERE in_proc.oid = of_oid
);
CREATE MACRO main.pg_get_function_arguments(of_oid) AS (
    SELECT array_to_string(list_transform(in_proc.proargnames, lambda n: concat(n, ' "any"')), ', ')
    FROM main.pg_proc AS in_proc WHERE in_proc.oid = of_oid
);
CREATE MACRO main.pg_get_function_identity_arguments(of_oid) AS (
    SELECT array_to_string(list_transform(in_proc.proargnames, lambda n: concat(n, ' "any"')), ', ')
    FROM main.pg_proc AS in_proc WHERE in_proc.oid = of_oid
);
CREATE MACRO main.pg_get_function_sqlbody(of_oid) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_functiondef(of_oid) AS (
    SELECT concat('CREATE MACRO ', in_proc.proname, '(', array_to_string(in_proc.proargnames, ', '), ') AS ', in_proc.prosrc)
    FROM main.pg_proc AS in_proc WHERE in_proc.oid = of_oid
);
CREATE MACRO main.pg_get_ruledef(of_oid) AS NULL::VARCHAR, (of_oid, pretty) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_triggerdef(of_oid) AS NULL::VARCHAR, (of_oid, pretty) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_indexdef(of_oid) AS NULL::VARCHAR, (of_oid, of_column, pretty) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_partkeydef(of_oid) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_partition_constraintdef(of_oid) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_statisticsobjdef_columns(of_oid) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_serial_sequence(of_table, of_column) AS NULL::VARCHAR;
CREATE MACRO main.pg_get_expr(tree, of_oid) AS tree::VARCHAR, (tree, of_oid, pretty) AS tree::VARCHAR;
CREATE MACRO main.pg_table_is_visible(of_oid) AS (
    SELECT in_class.relnamespace <> 13000 FROM main.pg_class AS in_class WHERE in_class.oid = of_oid
);
CREATE MACRO main.pg_relation_is_publishable(of_oid) AS FALSE;
CREATE MACRO main.pg_column_is_updatable(of_oid, of_column, triggers) AS FALSE;
CREATE MACRO main.pg_relation_is_updatable(of_oid, triggers) AS 0;
CREATE MACRO main.row_security_active(of_oid) AS FALSE;
CREATE MACRO main.pg_table_size(of_oid) AS 0;
CREATE MACRO main.pg_relation_size(of_oid) AS 0;
CREATE MACRO main.pg_total_relation_size(of_oid) AS 0;
CREATE MACRO main.pg_indexes_size(of_oid) AS 0;
CREATE MACRO main.pg_database_size(of_name) AS 0;
CREATE MACRO main.pg_stat_get_numscans(of_oid) AS 0;
CREATE MACRO main.oidvectortypes(of_types) AS
array_to_string(list_transform(string_split(nullif(of_types, ''), ' '), lambda t: format_type(t, NULL)), ', ');
CREATE MACRO main.array_lower(of_list, dimension) AS CASE WHEN len(of_list) > 0 AND dimension = 1 THEN 1 END;
CREATE MACRO main.array_upper(of_list, dimension) AS CASE WHEN dimension = 1 THEN nullif(len(of_list), 0) END;
-- In FROM: Grafana's query builder calls it so, and its column s.
CREATE MACRO main.string_to_array(of_text, delimiter) AS TABLE SELECT string_split(of_text, delimiter) AS s;
CREATE MACRO main.cardinality(of_list) AS len(of_list);
CREATE MACRO main.array_remove(of_list, element) AS
list_filter(of_list, lambda item: item IS DISTINCT FROM element);
CREATE MACRO main.every(truth) AS bool_and(truth);
CREATE MACRO information._pg_expandarray(of_list) AS
unnest(list_transform(of_list, lambda item, place: {'x': item, 'n': place}));

-- Times only; what of PostgreSQL's patterns strftime has.
CREATE MACRO main.to_char(moment, pattern) AS strftime(
    moment,
    list_reduce(
        [
            ['Month', '%B'], ['Mon', '%b'], ['Day', '%A'], ['Dy', '%a'], ['YYYY', '%Y'], ['YY', '%y'], ['MS', '%g'],
            ['US', '%f'], ['SS', '%S'], ['HH24', '%H'], ['HH12', '%I'], ['HH', '%I'], ['MI', '%M'], ['MM', '%m'],
            ['DDD', '%j'], ['DD', '%d'], ['AM', '%p'], ['PM', '%p'], ['TZ', '%Z']
        ],
        lambda so_far, rule: [system.main.replace(so_far[1], rule[1], rule[2])],
        [pattern]
    )[1]
);

INSERT INTO information.columns BY NAME
SELECT
    'fabricscope' AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
    a.attnum AS ordinal_position, 'YES' AS is_nullable,
    CASE WHEN t.typelem <> 0 THEN 'ARRAY' ELSE format_type(a.atttypid, NULL) END AS data_type,
    MAP {20: 64, 21: 16, 23: 32, 700: 24, 701: 53}[a.atttypid] AS numeric_precision,
    CASE WHEN a.atttypid IN (20, 21, 23, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN 10 END AS numeric_precision_radix,
    CASE WHEN a.atttypid IN (20, 21, 23) THEN 0 END AS numeric_scale,
    CASE WHEN a.atttypid IN (1114, 1184) THEN 6 WHEN a.atttypid = 1082 THEN 0 END AS datetime_precision,
    'fabricscope' AS udt_catalog, 'pg_catalog' AS udt_schema, t.typname AS udt_name,
    a.attnum::VARCHAR AS dtd_identifier, 'NO' AS is_self_referencing, 'NO' AS is_identity, 'NO' AS identity_cycle,
    'NEVER' AS is_generated, 'NO' AS is_updatable
FROM main.pg_attribute AS a
JOIN main.pg_class AS c ON c.oid = a.attrelid
JOIN main.pg_namespace AS n ON n.oid = c.relnamespace
JOIN main.pg_type AS t ON t.oid = a.atttypid;
